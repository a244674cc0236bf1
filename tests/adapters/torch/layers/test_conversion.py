"""Converting keeps what a model is; what is not understood or not covered is an error."""

from __future__ import annotations

import copy
import io
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from chopper.errors import ChopperError, PolicyError, UnsupportedInputError  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import LAYERS, ChopLayer, ChopLinear, convert, report, unconvert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402


def model():
    torch.manual_seed(0)
    return nn.ModuleDict(
        {
            "body": nn.Sequential(nn.Linear(32, 32), nn.GELU(), nn.LayerNorm(32), nn.Linear(32, 32)),
            "attention": nn.MultiheadAttention(32, 2),
            "head": nn.Linear(32, 8),
        }
    )


def classes(net):
    return [type(module) for module in net.modules()]


def test_parameters_keys_and_hooks_stay():
    net = model()
    called = []
    net["head"].register_forward_hook(lambda *_: called.append(1))
    before, parameters = {k: v.clone() for k, v in net.state_dict().items()}, list(net.parameters())
    assert convert(net, "nvfp4", key=1) is net
    assert list(net.state_dict()) == list(before)
    assert all(same(value, before[name]) for name, value in net.state_dict().items())
    assert all(one is other for one, other in zip(net.parameters(), parameters, strict=True))
    assert isinstance(net["head"], nn.Linear) and isinstance(net["head"], ChopLinear)
    net["head"](torch.randn(2, 32))
    assert called == [1]
    net.load_state_dict(before)


def test_unconvert_restores_everything():
    net = model()
    kinds, attributes = classes(net), [set(vars(m)) for m in net.modules()]
    x = torch.randn(3, 32)
    before = net["body"](x)
    unconvert(convert(net, "mxfp8"))
    assert classes(net) == kinds
    assert [set(vars(m)) for m in net.modules()] == attributes
    assert same(net["body"](x), before)


def test_a_second_recipe_replaces_the_first():
    net = convert(convert(nn.Linear(32, 32), "mxfp8"), "switchback")
    assert net.chop_recipe == Recipe.of("switchback")
    assert type(unconvert(net)) is nn.Linear


@pytest.mark.parametrize("recipe", ["mxfp8", "mxfp4_sr_rht", "bf16_pure"])
@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save"])
def test_copies_compute_the_same(way, recipe):
    net = convert(nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Softmax(-1)), recipe, key=3)
    x = torch.randn(64, 64)
    net(x)
    if way == "deepcopy":
        twin = copy.deepcopy(net)
    elif way == "pickle":
        twin = pickle.loads(pickle.dumps(net))
    else:
        file = io.BytesIO()
        torch.save(net, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    results = []
    for one in (net, twin):
        y = one(x)
        y.sum().backward()
        results.append((y, one[0].weight.grad))
    assert all(same(a, b) for a, b in zip(*results, strict=True))


def test_skip_rules_and_types():
    net = convert(model(), "mxfp8", skip=["body.0", "attention"], rules={"*": "mxfp4", "head": None})
    assert type(net["body"][0]) is nn.Linear
    assert type(net["attention"]) is nn.MultiheadAttention
    assert net["body"][3].chop_recipe == Recipe.of("mxfp4")
    assert net["head"].chop_plain
    net = convert(model(), "mxfp8", types=nn.Linear)
    assert [type(m) for m in net["body"]] == [ChopLinear, nn.GELU, nn.LayerNorm, ChopLinear]
    assert type(net["attention"].out_proj) is not ChopLinear  # a subclass of Linear, which attention itself reads


def test_a_function_is_asked_for_each_operand():
    asked = []

    def rules(role):
        asked.append((role.name, role.gemm, role.operand, str(role.quant)))
        return "e5m2" if (role.name, role.operand) == ("head", "lhs") else role.quant

    net = convert(model(), "mxfp8", rules=rules, types=[nn.Linear])
    assert str(net["head"].chop_recipe) == "forward: e5m2 @ mxfp8\ndgrad: e5m2 @ mxfp8\nwgrad: e5m2 @ mxfp8"
    assert net["body"][0].chop_recipe == Recipe.of("mxfp8")
    assert len(asked) == 27 and asked[0] == ("body.0", "forward", "lhs", "mxfp8")


class Own(nn.Linear):
    """A layer of which nothing is known."""


@pytest.mark.parametrize(
    ("net", "options", "said"),
    [
        (lambda: nn.Bilinear(4, 4, 4), {}, "the model .Bilinear"),
        (lambda: nn.Sequential(nn.Linear(4, 4), Own(4, 4)), {}, r"1 \(Own\)"),
        (lambda: nn.Sequential(nn.Linear(4, 4)), {"skip": "head"}, "'head' fits no layer"),
        (lambda: nn.Sequential(nn.Linear(4, 4)), {"rules": {"1": "bf16"}}, "'1' fits no layer"),
        (lambda: nn.Sequential(nn.Linear(4, 4)), {"skip": "0"}, "no layer is converted"),
        (lambda: nn.Sequential(nn.ReLU()), {}, "no layer is converted"),
        (lambda: nn.Linear(4, 4), {"uncovered": "no"}, "'error', 'keep'"),
        (lambda: nn.Linear(4, 4), {"types": nn.Bilinear}, "Bilinear has no counterpart"),
        (lambda: nn.Linear(4, 4), {"types": ["Linear"]}, "types=Linear has no counterpart"),
        (lambda: nn.Linear(4, 4), {"types": "Linear"}, "types=Linear has no counterpart"),
        (lambda: nn.Linear(4, 4), {"rules": 3}, "rules=3"),
        (lambda: 3, {}, "int is no module"),
        (lambda: nn.Linear(4, 4), {"recipe": "mxpf8"}, "'mxfp8'"),
        (lambda: nn.Linear(4, 4), {"recipe": 7}, "no recipe"),
    ],
)
def test_what_is_wrong_is_an_error(net, options, said):
    made = net()
    kinds = classes(made) if isinstance(made, nn.Module) else None
    with pytest.raises(PolicyError, match=said):
        convert(made, options.pop("recipe", "bf16"), **options)
    assert kinds is None or classes(made) == kinds


def test_uncovered_layers_can_be_kept_and_are_reported():
    net = convert(nn.ModuleList([nn.Linear(4, 4), nn.Bilinear(4, 4, 4)]), "bf16", uncovered="keep")
    assert report(net).uncovered == (("1", "Bilinear"),)


def test_narrow_parameters_are_an_error():
    net = convert(nn.Linear(4, 4), "bf16").bfloat16()
    with pytest.raises(UnsupportedInputError, match="keep them in float32"):
        net(torch.ones(1, 4))


def test_wide_inputs_are_an_error():
    with pytest.raises(UnsupportedInputError, match=r"x.float\(\)"):
        convert(nn.Linear(4, 4), "bf16")(torch.ones(1, 4, dtype=torch.float64))


def test_layers_that_have_changed_since_are_an_error():
    net = convert(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), "bf16")
    torch.nn.utils.parametrizations.weight_norm(net[1])
    kinds = classes(net)
    with pytest.raises(PolicyError, match="1 has become a ParametrizedChopLinear"):
        unconvert(net)
    with pytest.raises(PolicyError, match="ParametrizedChopLinear"):
        convert(net, "mxfp8")
    assert classes(net) == kinds and report(net).layers[1][1] == "ParametrizedChopLinear"
    torch.nn.utils.parametrize.remove_parametrizations(net[1], "weight")
    assert type(unconvert(net)[1]) is nn.Linear


def test_narrow_inputs_are_widened():
    net = convert(nn.Linear(4, 4), "mxfp8")
    x = torch.randn(2, 4).bfloat16()
    assert same(net(x), net(x.float()))


def test_rotations_that_do_not_fit_are_an_error():
    net = convert(
        nn.Linear(24, 24), Recipe(weight="bf16:hadamard=16", input="bf16:hadamard=16", grad_output="bf16:hadamard=16")
    )
    with pytest.raises(ChopperError, match="16"):
        net(torch.ones(16, 24))


def test_shared_layers_are_converted_once():
    shared = nn.Linear(4, 4)
    net = convert(nn.Sequential(shared, nn.ReLU(), shared), "bf16")
    assert net[0] is net[2] is shared
    assert isinstance(shared, ChopLayer)


def test_the_table_is_consistent():
    for plain, layer in LAYERS.items():
        assert (
            layer.plain is plain and issubclass(layer, (ChopLayer, plain)) and layer.__name__ == f"Chop{plain.__name__}"
        )
