"""Modules of Equinox by recipes: against `chopper.chop`, `matmul` and `conv`, and against those of torch."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import Recipe, key_of, quantize, signs_of

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
SUBJECT = "modules of Equinox, and those of torch"
SEED = 2**40 + 3
jnp, KEY = jax.numpy, jax.random.key(0)
RNG = np.random.default_rng(0)
SUMS = Recipe(
    weight="e4m3", input="e3m4", grad_output="e5m2", bias="e4m3", accumulate="sum=fp32", elementwise="e4m3",
    grad_elementwise="e5m2",
)  # fmt: skip
DRAWN = Recipe(
    weight="e4m3:stochastic", input="e3m4:stochastic", grad_output="e5m2:stochastic", output="bf16:stochastic",
    accumulate="sum=bf16,rounding=stochastic", elementwise="e4m3:stochastic", grad_elementwise="e5m2:stochastic",
)  # fmt: skip


def convert(*args, **options):
    from chopper_ext.jax import convert

    return convert(*args, **options)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def of_jax(module, recipe, xs, g, step=0, run=lambda m, *xs: m(*xs)):
    """Return the value, the gradients of the inputs, and those of the parameters."""

    arrays, rest = eqx.partition(module, eqx.is_array)

    def value(arrays, *xs):
        return run(convert(eqx.combine(arrays, rest), recipe, key=SEED, step=step), *xs)

    def both(arrays, xs, g):
        y, pull = jax.vjp(value, arrays, *xs)
        return y, pull(g)

    y, (of_module, *of_xs) = jax.jit(both)(arrays, xs, g)
    return [y, *of_xs], of_module


def of_torch(module, recipe, xs, g, calls=1, run=lambda m, *xs: m(*xs)):
    """Return the same from a module of torch, of its last call."""
    torch = pytest.importorskip("torch")
    from chopper_ext.torch import layers

    layers.convert(module, recipe, key=SEED)
    for _ in range(calls):
        tensors = [torch.tensor(x, requires_grad=True) for x in xs]
        module.zero_grad()
        y = run(module, *tensors)
        y.backward(torch.tensor(g))
    grads = {name: one.grad.numpy() for name, one in module.named_parameters()}
    return [one.detach().numpy() for one in (y, *(t.grad for t in tensors))], grads


def compare(tally, ones, others, about):
    for n, (one, other) in enumerate(zip(ones, others, strict=True)):
        tally.same(np.asarray(one).reshape(other.shape), other, about=f"{about} {n}")


CONVOLUTIONS = (
    (1, (4, 6, 3), {"padding": 1}, (2, 4, 7)),
    (1, (6, 4, 2), {"stride": 3, "groups": 2, "dilation": 2}, (3, 6, 9)),
    (1, (2, 2, 3), {"stride": 2, "padding": 3, "groups": 2}, (2, 2, 6)),
    (2, (2, 3, (2, 3)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}, (2, 2, 4, 6)),
    (2, (2, 3, 3), {"padding": "same"}, (2, 2, 4, 5)),
    (2, (2, 3, 3), {"padding": 1, "padding_mode": "circular"}, (2, 2, 4, 5)),
    (3, (2, 2, 2), {"stride": 2}, (1, 2, 3, 4, 2)),
)
"""The middle argument of each is that of torch."""
RECIPES = {"sums": SUMS, "drawn": DRAWN, "mxfp8": Recipe.of("mxfp8"), "nvfp4": Recipe.of("nvfp4")}


def conv_of(axes, arguments, options):
    given = {name: one.upper() if isinstance(one, str) else one for name, one in options.items()}
    return getattr(eqx.nn, f"Conv{axes}d")(*arguments, key=KEY, **given)


def convolutions_agree(name, case, tally):
    torch = pytest.importorskip("torch")
    axes, arguments, options, shape = CONVOLUTIONS[case]
    ours, theirs = conv_of(axes, arguments, options), getattr(torch.nn, f"Conv{axes}d")(*arguments, **options)
    for mine, one in ((ours.weight, theirs.weight), (ours.bias.ravel(), theirs.bias)):
        one.data = torch.tensor(np.asarray(mine))
    x = draw(*shape) * 4
    g = draw(*theirs(torch.tensor(x)).shape)
    found, of_ours = of_jax(ours, RECIPES[name], [x], g, step=1)
    wanted, of_theirs = of_torch(theirs, RECIPES[name], [x], g, calls=2)
    compare(tally, [*found, of_ours.weight], [*wanted, of_theirs["weight"]], f"{name} {case}")


@pytest.mark.parametrize(("name", "case"), [("drawn", 1)])
def test_convolutions_agree_with_torch(name, case, tally):
    convolutions_agree(name, case, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", range(len(CONVOLUTIONS)))
@pytest.mark.parametrize("name", ["sums", "drawn"])
def test_all_convolutions_agree_with_torch(name, case, tally):
    convolutions_agree(name, case, tally)


@pytest.mark.parametrize("name", ["mxfp8", pytest.param("nvfp4", marks=pytest.mark.exhaustive)])
def test_convolutions_of_rounded_operands(name, tally):
    """Without an accumulator the products are JAX's own, of operands rounded along their contraction axes."""
    recipe, module = RECIPES[name], conv_of(2, (32, 16, 3), {"padding": 1})
    x, g = draw(16, 32, 4, 4), draw(16, 16, 4, 4)
    key = Keys(Keys(SEED).at(0)).at(0)
    (y, of_x), of_module = of_jax(module, recipe, [x], g)

    def rounded(x, quant, axis, role, other):
        drawn = {"key": key_of(key, role)} if quant.random else {}
        return quantize(x, quant, axis=axis, other=other, signs=signs_of(quant), **drawn)

    def plain(x, w):
        return jax.lax.conv_general_dilated(x, w, (1, 1), [(1, 1)] * 2, precision="highest")

    f, d, w, weight = recipe.forward, recipe.dgrad, recipe.wgrad, np.asarray(module.weight)
    xf, wf = rounded(x, f.lhs, 1, "forward.lhs", 0), rounded(weight, f.rhs, 1, "forward.rhs", 0)
    gd, wd = rounded(g, d.lhs, 1, "dgrad.lhs", 0), rounded(weight, d.rhs, 0, "dgrad.rhs", 1)
    gw, xw = rounded(g, w.lhs, 0, "wgrad.lhs", 1), rounded(x, w.rhs, 0, "wgrad.rhs", 1)
    tally.same(y, jax.jit(lambda x, w: plain(x, w) + module.bias)(xf, wf))
    tally.same(of_x, jax.jit(lambda g: jax.vjp(lambda x: plain(x, wd), x)[1](g)[0])(gd))
    tally.same(of_module.weight, jax.jit(lambda g: jax.vjp(lambda w: plain(xw, w), weight)[1](g)[0])(gw))


@pytest.mark.exhaustive
def test_images(tally):
    """A single image, and one under vmap, are batches of one; without a recipe a batch is one of Equinox."""
    module, x = conv_of(2, (3, 2, 3), {"padding": ((0, 1), (2, 1))}), draw(2, 3, 5, 5)
    made = convert(module, SUMS)
    y = made(x)
    for n, one in enumerate(jax.jit(jax.vmap(made))(x)):
        tally.same(one, y[n])
    tally.same(made(x[0]), y[0])
    tally.same(convert(module, None)(x), jax.vmap(module)(x))
    padded = np.pad(x, [(0, 0), (0, 0), (0, 1), (2, 1)])
    operands = chopper.chop(padded, "e3m4"), chopper.chop(np.asarray(module.weight), "e4m3")
    bias = chopper.chop(np.asarray(module.bias).ravel(), "e4m3")
    tally.same(y, chopper.conv(*operands, bias, accumulate=SUMS.forward.accumulate))
    with pytest.raises(UnsupportedInputError, match="legal: "):
        made(x[0, 0])
    with pytest.raises(UnsupportedInputError, match="has no convolutions"):
        convert(module, Recipe(accumulate="h100.wgmma.e4m3"))(x)


def cells(kind):
    """Return a cell of Equinox, and one of torch with its parameters."""
    torch = pytest.importorskip("torch")
    ours = getattr(eqx.nn, kind)(6, 5, key=KEY)
    theirs = getattr(torch.nn, kind)(6, 5)
    late = np.zeros(len(ours.bias), np.float32)
    if kind == "GRUCell":
        late[10:] = ours.bias_n
    for name, one in (("weight_ih", ours.weight_ih), ("weight_hh", ours.weight_hh), ("bias_ih", ours.bias)):
        getattr(theirs, name).data = torch.tensor(np.asarray(one))
    theirs.bias_hh.data = torch.tensor(late)
    return ours, theirs


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("LSTMCell", "sums"),
        pytest.param("LSTMCell", "drawn", marks=pytest.mark.exhaustive),
        pytest.param("GRUCell", "sums", marks=pytest.mark.exhaustive),
        pytest.param("GRUCell", "drawn", marks=pytest.mark.exhaustive),
    ],
)
def test_cells_agree_with_torch(kind, name, tally):
    """sigmoid and tanh may differ by a bit of float32, which the formats of the recipe round away."""
    ours, theirs = cells(kind)
    xs, g = [draw(4, 6), draw(4, 5), draw(4, 5)][: 2 + (kind == "LSTMCell")], draw(4, 5)

    def run(module, x, h, c=None):
        return module(x, h) if c is None else module(x, (h, c))[0]

    found, of_ours = of_jax(ours, RECIPES[name], xs, g, 1, run)
    wanted, of_theirs = of_torch(theirs, RECIPES[name], xs, g, 2, run)
    names = ("weight_ih", "weight_hh")
    compare(tally, [*found, *(getattr(of_ours, n) for n in names)], [*wanted, *(of_theirs[n] for n in names)], kind)


def test_cells_by_their_formulas(tally):
    """The value of a GRUCell, step by step, in NumPy."""
    module, _ = cells("GRUCell")
    x, h = draw(4, 6), draw(4, 5)
    R, adder = (lambda x: chopper.chop(np.asarray(x, np.float32), "e4m3")), SUMS.forward.accumulate

    def linear(x, weight, bias):
        return chopper.matmul(chopper.chop(x, "e3m4"), R(weight).T, R(bias), accumulate=adder)

    one = linear(x, module.weight_ih, module.bias)
    two = linear(h, module.weight_hh, np.concatenate([np.zeros(10), module.bias_n]))
    r, z = np.split(R(jax.nn.sigmoid(R(one[:, :10] + two[:, :10]))), 2, -1)
    n = R(jnp.tanh(R(one[:, 10:] + R(r * two[:, 10:]))))
    wanted = R(n + R(z * R(h - n)))
    tally.same(jax.jit(lambda x, h: convert(module, SUMS)(x, h))(x, h), wanted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["GRUCell", "LSTMCell"])
def test_cells_without_a_recipe(kind, tally):
    module, _ = cells(kind)
    h = draw(4, 5) if kind == "GRUCell" else (draw(4, 5), draw(4, 5))
    args = draw(4, 6), h
    one = jax.jit(lambda x, h: convert(module, None)(x, h))(*args)
    other = jax.jit(lambda x, h: jax.vmap(module)(x, h))(*args)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        tally.same(a, b)


def attentions():
    """Return attention of two heads of Equinox, and that of torch with its parameters."""
    torch = pytest.importorskip("torch")
    ours = eqx.nn.MultiheadAttention(2, 8, use_query_bias=True, use_output_bias=True, key=KEY)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    parts = [np.asarray(getattr(ours, f"{name}_proj").weight) for name in ("query", "key", "value")]
    theirs.in_proj_weight.data = torch.tensor(np.concatenate(parts))
    theirs.in_proj_bias.data = torch.tensor(np.concatenate([ours.query_proj.bias, np.zeros(16, np.float32)]))
    theirs.out_proj.weight.data = torch.tensor(np.asarray(ours.output_proj.weight))
    theirs.out_proj.bias.data = torch.tensor(np.asarray(ours.output_proj.bias))
    return ours, theirs


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("sums", True),
        pytest.param("drawn", False, marks=pytest.mark.exhaustive),
        pytest.param("drawn", True, marks=pytest.mark.exhaustive),
    ],
)
def test_attention_agrees_with_torch(name, masked, tally):
    """Batches too; softmax may differ by a bit of float32, which the formats of the recipe round away."""
    torch = pytest.importorskip("torch")
    ours, theirs = attentions()
    xs, g, mask = [draw(2, 5, 8), draw(2, 6, 8), draw(2, 6, 8)], draw(2, 5, 8), np.tri(5, 6, dtype=bool)
    run = (lambda m, *xs: m(*xs, mask)) if masked else (lambda m, *xs: m(*xs))
    same = (lambda m, *xs: m(*xs, attn_mask=torch.tensor(~mask))[0]) if masked else (lambda m, *xs: m(*xs)[0])
    found, of_ours = of_jax(ours, RECIPES[name], xs, g, 1, run)
    wanted, of_theirs = of_torch(theirs, RECIPES[name], xs, g, 2, same)
    parts = [getattr(of_ours, f"{name}_proj").weight for name in ("query", "key", "value")]
    found = [*found, np.concatenate(parts), of_ours.output_proj.weight]
    compare(tally, found, [*wanted, of_theirs["in_proj_weight"], of_theirs["out_proj.weight"]], name)


@pytest.mark.exhaustive
def test_attention(tally):
    """Heads that are changed on the way, dropout; without a recipe it is that of Equinox."""
    module = eqx.nn.MultiheadAttention(2, 8, dropout_p=0.5, key=KEY)
    x = draw(4, 8)
    tally.same(convert(module, None)(x, x, x, key=KEY), module(x, x, x, key=KEY))
    made = convert(module, Recipe(elementwise="fp32"))
    turned = {"key": KEY, "process_heads": lambda q, k, v: (q, -k, v)}
    one, other = (jax.jit(lambda x, f=f: f(x, x, x, **turned))(x) for f in (made, module))
    assert jnp.allclose(one, other, atol=1e-5)
    with pytest.raises(UnsupportedInputError, match="truth values"):
        made(x, x, x, jnp.ones((4, 3), bool))
    with pytest.raises(UnsupportedInputError, match="one length"):
        made(x, x, x[:2])
    with pytest.raises(UnsupportedInputError, match="keep these"):
        made(x, x, x, process_heads=lambda q, k, v: (q, k, v[:1]))


ELEMENTWISE = {
    "LayerNorm": (eqx.nn.LayerNorm(8), draw(3, 8)),
    "RMSNorm": (eqx.nn.RMSNorm((2, 8)), draw(3, 2, 8)),
    "GroupNorm": (eqx.nn.GroupNorm(2, 4), draw(4, 8)),
    "PReLU": (eqx.nn.PReLU(), draw(3, 8)),
    "Dropout": (eqx.nn.Dropout(0.5), draw(3, 8)),
    "AvgPool1d": (eqx.nn.AvgPool1d(3), draw(2, 3, 8)),
    "Embedding": (eqx.nn.Embedding(5, 8, key=KEY), np.array([[0, 3], [3, 1]])),
}


@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in ("LayerNorm", "Embedding") else pytest.param(kind, marks=pytest.mark.exhaustive)
        for kind in ELEMENTWISE
    ],
)
def test_elementwise(kind, tally):
    """They compute as Equinox does, and round once on each way."""
    module, x = ELEMENTWISE[kind]
    recipe, named = Recipe(elementwise="e4m3", grad_elementwise="e5m2"), {"key": KEY} if kind == "Dropout" else {}
    plain = lambda x: module(x, **named)  # noqa: E731
    for _ in range({"LayerNorm": 1, "RMSNorm": 1, "AvgPool1d": 1, "Embedding": 2}.get(kind, 0)):
        plain = jax.vmap(plain)
    made = convert(module, recipe)
    wanted = np.asarray(plain(x))
    tally.same(made(x, **named), chopper.chop(wanted, "e4m3"))
    tally.same(convert(module, "mxfp8")(x, **named), wanted)
    if kind != "Embedding":
        g = draw(*wanted.shape)
        (got,), (of_x,) = (jax.vjp(f, x)[1](g) for f in (lambda x: made(x, **named), plain))
        tally.same(got, chopper.chop(np.asarray(of_x), "e5m2"))


def test_state_of_norms(tally):
    module, x = eqx.nn.LayerNorm(8), draw(8)
    y, state = convert(module, Recipe(elementwise="e4m3"))(x, eqx.nn.State(module))
    tally.same(y, chopper.chop(np.asarray(module(x)), "e4m3"))
    assert isinstance(state, eqx.nn.State)


class Own(eqx.Module):
    """A module with a parameter of its own beside a layer."""

    positions: jax.Array
    head: eqx.nn.Linear


class Other(eqx.nn.Linear):
    """What may compute something else."""


def test_what_is_not_covered_is_told():
    own = Own(jnp.ones(3), eqx.nn.Linear(3, 2, key=KEY))
    with pytest.raises(PolicyError, match=r"positions \(of Own\)"):
        convert(own, "hfp8")
    for made in (convert(own, "hfp8", skip="positions"), convert(own, "hfp8", uncovered="keep")):
        assert type(made.head).__name__ == "ChopLinear"
    for model in (
        [own.head, eqx.nn.ConvTranspose2d(1, 1, 3, key=KEY)],
        [own.head, Other(3, 2, key=KEY)],
        [own.head, eqx.nn.WeightNorm(own.head)],
        [own.head, eqx.nn.BatchNorm(3, axis_name="batch", mode="batch")],
    ):
        with pytest.raises(PolicyError, match=r"not covered.*1"):
            convert(model, "hfp8")
        assert type(convert(model, "hfp8", skip="1")[1]) is type(model[1])
    with pytest.raises(PolicyError, match="uncovered='all'"):
        convert(own, "hfp8", uncovered="all")
    half = eqx.nn.Linear(3, 2, dtype=jnp.bfloat16, key=KEY)
    with pytest.raises(UnsupportedInputError, match="bfloat16"):
        convert(half, "hfp8")(jnp.ones(3))


def test_there_and_back():
    """Converted anew, and unconverted, by every kind of module at once."""
    from chopper_ext.jax import unconvert

    model = [one for one, _ in ELEMENTWISE.values()]
    model += [conv_of(1, (2, 3, 2), {}), eqx.nn.MultiheadAttention(2, 8, key=KEY), eqx.nn.LSTMCell(2, 3, key=KEY)]
    made = convert(convert(model, "bf16_pure"), DRAWN, key=1)
    assert all(type(one).__name__ == f"Chop{type(other).__name__}" for one, other in zip(made, model, strict=True))
    again = unconvert(made)
    assert jax.tree.structure(again) == jax.tree.structure(model)
    assert all(one is other for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(model), strict=True))
