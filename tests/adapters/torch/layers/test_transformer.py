"""Encoders of transformers call their layers, in inference too, and sum as the recipe says."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import chopper  # noqa: E402
from chopper.errors import UnsupportedInputError  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, report, unconvert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", ["relu", "gelu"])
def test_encoder_layers(first, kind):
    recipe = Recipe.of("bf16_pure")
    torch.manual_seed(0)
    plain = nn.TransformerEncoderLayer(16, 2, 24, dropout=0, norm_first=first, activation=kind, batch_first=True)
    layer = convert(copy.deepcopy(plain), recipe).eval()
    parts = {name: getattr(layer, name) for name in ("self_attn", "linear1", "linear2", "norm1", "norm2")}
    x = torch.randn(2, 5, 16)

    def total(a, b):
        return chopper.chop(a + b, "bf16")

    def fed(t):
        return parts["linear2"](chopper.chop(getattr(functional, kind)(parts["linear1"](t)), "bf16"))

    def mixed(t):
        return parts["self_attn"](t, t, t, need_weights=False)[0]

    with torch.no_grad():
        if first:
            one = total(x, mixed(parts["norm1"](x)))
            wanted = total(one, fed(parts["norm2"](one)))
        else:
            one = parts["norm1"](total(x, mixed(x)))
            wanted = parts["norm2"](total(one, fed(one)))
        assert same(layer(x), wanted)
        assert same(layer(x), chopper.chop(wanted, "bf16"))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_padded_batches_in_inference():
    """torch makes nested tensors of them, which converted layers do not take."""
    plain = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 8, dropout=0, batch_first=True), 2).eval()
    x, hidden = torch.randn(2, 5, 16), torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    net = convert(copy.deepcopy(plain), Recipe(input="bf16"), types=nn.Linear)
    with torch.no_grad():
        y, wanted = net(x, src_key_padding_mask=hidden), plain(x, src_key_padding_mask=hidden)
        torch.testing.assert_close(y[~hidden], wanted[~hidden], rtol=0.05, atol=0.05)
        assert same(y, copy.deepcopy(net).train()(x, src_key_padding_mask=hidden))
        assert same(convert(net, Recipe())(x, src_key_padding_mask=hidden), wanted)
    assert [type(m) for m in unconvert(net).modules()] == [type(m) for m in plain.modules()]
    assert net.use_nested_tensor


def test_linear_layers_alone_are_not_passed_by():
    net = convert(nn.TransformerEncoderLayer(16, 2, 8, dropout=0).eval(), "bf16", types=nn.Linear)
    with torch.no_grad():
        found = report(net, lambda: net(torch.randn(3, 2, 16)))
    assert {m.layer for m in found.measures} == {"linear1", "linear2"}
    assert ("self_attn", "MultiheadAttention") in found.uncovered


def test_what_is_below_a_layer_is_reported():
    net = convert(nn.TransformerEncoderLayer(16, 2, 8), "bf16", skip=["linear2", "norm?"])
    assert report(net).uncovered == (("linear2", "Linear"), ("norm1", "LayerNorm"), ("norm2", "LayerNorm"))


def test_a_hint_is_no_mask():
    net = convert(nn.MultiheadAttention(16, 2), "bf16")
    x = torch.randn(3, 1, 16)
    with pytest.raises(UnsupportedInputError, match="pass attn_mask"):
        net(x, x, x, is_causal=True)
