"""Recipes are data: they print, parse, compare and travel; what is not legal is an error that says what is."""

from __future__ import annotations

import copy
import json
import pickle
import re
from importlib.util import find_spec

import pytest

from chopper import Accumulator, ChopperError, FloatFormat, recipes
from chopper.recipes import GEMMS, PRESETS, Gemm, Quant, Recipe, from_modelopt, preset, presets

QUANTS = (
    Quant("e4m3"),
    Quant("e5m2", "stochastic", "saturate", random_bits=8),
    Quant("mxfp4", "stochastic", hadamard=32, signs="random", gain="3/4"),
    Quant("fixed<8,4>", "toward_zero", "wrap", ste="clipped"),
    Quant("mxfp4<scaling=rceil>", hadamard=16, signs="transformer_engine"),
    Quant(FloatFormat(exponent_bits=4, precision=5), gain=1.5),
    Quant("scaled<e2m1,e8m0,32,target=power,direction=down>", ste="none"),
)
GEMMS_OF_ALL_KINDS = (
    Gemm(),
    Gemm("e4m3", None, "bf16"),
    Gemm(QUANTS[2], QUANTS[2], Accumulator(sum="fp16", order="blocked", block=32, flush="fp32"), "bf16:stochastic"),
    Gemm(None, "mxfp8", Accumulator(product="exact", sum="fixed<24,8>", overflow="wrap")),
    Gemm("posit8", "posit8", Accumulator(sum="exact", result="posit16")),
    Gemm(accumulate=Accumulator(fused=True, block=4)),
    Gemm(accumulate=Accumulator()),
)
ALL = tuple(
    Recipe(a, b, c, bias="bf16", elementwise="e5m2", optimizer_state="int8_row", name="one")
    for a, b, c in zip(GEMMS_OF_ALL_KINDS, GEMMS_OF_ALL_KINDS[1:], GEMMS_OF_ALL_KINDS[2:], strict=False)
)


@pytest.mark.parametrize("quant", QUANTS, ids=str)
def test_quants_go_through_text_and_json(quant):
    assert Quant.parse(str(quant)) == quant
    assert Quant.from_dict(json.loads(json.dumps(quant.to_dict()))) == quant
    assert eval(repr(quant)) == quant


@pytest.mark.parametrize("gemm", GEMMS_OF_ALL_KINDS, ids=str)
def test_products_go_through_text_and_json(gemm):
    assert Gemm.parse(str(gemm)) == gemm
    assert Gemm.from_dict(json.loads(json.dumps(gemm.to_dict()))) == gemm
    assert eval(repr(gemm)) == gemm


@pytest.mark.parametrize(
    "recipe",
    [*ALL, *(row.recipe for row in PRESETS if row.name != "hopper_fp8" or find_spec("chopper.hardware"))],
    ids=repr,
)
def test_recipes_go_through_everything(recipe):
    copies = (
        Recipe.parse(str(recipe)), Recipe.from_json(recipe.to_json()), Recipe.of(str(recipe)), eval(repr(recipe)),
        pickle.loads(pickle.dumps(recipe)), copy.deepcopy(recipe), recipe.replace(),
    )  # fmt: skip
    assert all(one == recipe and hash(one) == hash(recipe) for one in copies)
    assert Recipe.from_json(recipe.to_json()).name == recipe.name


def test_the_short_form():
    short = Recipe(
        weight="e4m3", input="e3m4", grad_output="e5m2", output="bf16", grad_input="fp16", grad_weight="fp32",
        accumulate="e5m10",
    )  # fmt: skip
    adder = Accumulator(sum="e5m10")
    assert short.forward == Gemm("e3m4", "e4m3", adder, "bf16")
    assert short.dgrad == Gemm("e5m2", "e4m3", adder, "fp16")
    assert short.wgrad == Gemm("e5m2", "e3m4", adder, "fp32")
    mixed = Recipe(wgrad="- @ -", weight="e4m3", grad_output="e5m2")
    assert mixed.wgrad.plain and mixed.dgrad == Gemm("e5m2", "e4m3")
    assert short.replace(dgrad=None).dgrad.plain


def test_what_draws_is_known():
    assert not Recipe.of("mxfp8").draws
    assert Recipe.of("mxfp4_sr_rht").draws
    assert Recipe(accumulate="sum=bf16,rounding=stochastic").draws
    assert Recipe(
        input="bf16:hadamard=16,signs=random",
        weight="bf16:hadamard=16,signs=random",
        grad_output="bf16:hadamard=16,signs=random",
    ).draws
    assert not Recipe(optimizer_state="bf16:stochastic").draws  # the optimizer's own affair
    assert Recipe().plain and Recipe.of(None).plain and Recipe.of("fp32").plain


def test_float32_sums_are_the_frameworks_own():
    assert Gemm(accumulate="fp32").plain
    assert Gemm(accumulate="sum=fp32") == Gemm(accumulate=Accumulator()) != Gemm()
    assert Gemm(accumulate="FP32").plain


def test_a_dot_in_the_name_of_a_format():
    """It is no unit of hardware."""
    assert Gemm(accumulate="q3.4").accumulate == Accumulator(sum="q3.4")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Quant("mxpf8"), "mxpf8"),
        (lambda: Quant("e4m3", "nearest_odd"), "nearest_odd"),
        (lambda: Quant("e4m3", overflow="never"), "never"),
        (lambda: Quant("e4m3", hadamard=24), "power of two"),
        (lambda: Quant("e4m3", hadamard=True), "hadamard=True"),
        (lambda: Quant("e4m3", signs="random"), "give hadamard="),
        (lambda: Quant("e4m3", hadamard=8, signs="dice"), "'random'"),
        (lambda: Quant("e4m3", hadamard=32, signs="transformer_engine"), "hadamard=16"),
        (lambda: Quant("e4m3", gain=0), "gain=0"),
        (lambda: Quant("e4m3", gain="x"), "gain='x'"),
        (lambda: Quant("e4m3", ste="straight"), "'clipped'"),
        (lambda: Quant("mxfp8", ste="clipped"), "shared scales"),
        (lambda: Quant("e4m3", random_bits=33), "random_bits=33"),
        (lambda: Quant.parse("e4m3:hadamrd=16"), "did you mean 'hadamard'"),
        (lambda: Quant.parse("e4m3:hadamard="), "no option"),
        (lambda: Quant.parse("e4m3:gain=2,gain=2"), "twice"),
        (lambda: Quant.parse("e4m3:hadamard=x"), "hadamard='x'"),
        (lambda: Quant.of(3), "how to round"),
        (lambda: Quant.from_dict({"rounding": "up"}), "names no format"),
        (lambda: Gemm("e4m3:hadamard=16", "e4m3"), "not rotated alike"),
        (lambda: Gemm("e4m3:hadamard=16", "e4m3:hadamard=16,signs=random"), "not rotated alike"),
        (lambda: Gemm(out="bf16:gain=2"), "is a result"),
        (lambda: Gemm(out="bf16:ste=none"), "ste= out"),
        (lambda: Gemm(accumulate=3), "accumulate=3"),
        (lambda: Gemm(accumulate="h100.wgmma.nothing"), "h100.wgmma.nothing"),
        (lambda: Gemm(accumulate="sum=bf16,blok=4"), "did you mean 'block'"),
        (lambda: Gemm(accumulate="sum=bf16,block=4"), "block"),
        (lambda: Gemm.parse("e4m3"), "no product"),
        (lambda: Gemm.of(3), "no product"),
        (lambda: Recipe(weight="e4m3", forward="- @ -", dgrad="- @ -"), "given in full"),
        (lambda: Recipe(output="bf16", forward="- @ -"), "given in full"),
        (lambda: Recipe(bias="e4m3:hadamard=2"), "no operand of a product"),
        (lambda: Recipe(elementwise="e4m3:ste=clipped"), "ste= out"),
        (lambda: Recipe(name=3), "name=3"),
        (lambda: Recipe.of(3), "no recipe"),
        (lambda: Recipe.of("mxfp9"), "nearest: 'mxfp"),
        (lambda: Recipe.parse("forwrd: - @ -"), "did you mean 'forward'"),
        (lambda: Recipe.parse("bias: bf16\nbias: bf16"), "twice"),
        (lambda: Recipe.from_dict({"wieght": "e4m3"}), "did you mean 'weight'"),
        (lambda: Recipe.from_dict([]), "no recipe"),
        (lambda: Recipe().replace(weight="e4m3"), "'weight' is unknown"),
        (lambda: preset("mxfp8", output="bf16"), "'output' is unknown"),
        (lambda: recipes.mxfp9, "no attribute"),
    ],
)  # fmt: skip
def test_what_is_not_legal_is_said(call, said):
    with pytest.raises((ChopperError, AttributeError), match=re.escape(said)):
        call()


def test_presets():
    assert len(set(presets())) == len(PRESETS) >= 25
    assert all(row.source for row in PRESETS)
    assert recipes.mxfp8() == preset("MXFP8") == Recipe.of("mxfp8")
    assert preset("bf16-pure").name == "bf16_pure"
    changed = preset("nvfp4", accumulate="bf16", bias="bf16")
    assert preset("nvfp4", accumulate="bf16").name is None
    assert changed.name is None and all(gemm.accumulate == Accumulator(sum="bf16") for _, gemm in changed.gemms)
    gains = {str(gemm.gain) for _, gemm in preset("mxfp4_sr_rht").gemms}
    assert gains == {"1", "16/9"}
    assert set(GEMMS) == {name for name, _ in preset("fp32").gemms}


MX = {"num_bits": (4, 3), "block_sizes": {-1: 32, "type": "dynamic", "scale_bits": (8, 0)}, "enable": True}
NV = {"num_bits": (2, 1), "block_sizes": {-1: 16, "type": "dynamic", "scale_bits": (4, 3)}, "axis": None}


@pytest.mark.parametrize(
    ("entry", "fmt"),
    [
        (MX, "mxfp8"),
        (NV, "nvfp4"),
        ({"num_bits": (2, 1), "block_sizes": {-1: 32, "scale_bits": (8, 0)}}, "mxfp4"),
        ({"num_bits": (3, 2), "block_sizes": {-1: 32, "scale_bits": (8, 0)}}, "mxfp6"),
        ({"num_bits": (4, 3), "axis": None}, "fp8_tensor"),
        ({"num_bits": 8, "axis": 0}, "int8_row"),
        ({"num_bits": 4, "block_sizes": {-1: 128, "type": "static"}}, "int4_group128"),
        ({"num_bits": (4, 3), "block_sizes": {-1: 128, -2: 128}}, "fp8_block128x128<least=0>"),
        ({"enable": False}, None),
    ],
)
def test_modelopt(entry, fmt):
    recipe, rules = from_modelopt({"quant_cfg": {"*weight_quantizer": entry, "default": {"enable": False}}})
    assert rules == {} and recipe.forward.lhs is None
    assert (None if recipe.forward.rhs is None else recipe.forward.rhs.format) == (Quant(fmt).format if fmt else None)


def test_modelopt_rules():
    recipe, rules = from_modelopt(
        {
            "*weight_quantizer": MX, "*input_quantizer": NV, "*lm_head*": {"enable": False},
            "*block.0.*input_quantizer": {"enable": False},
        },
        default=Recipe(grad_output="e5m2"),
    )  # fmt: skip
    assert str(recipe.forward) == "nvfp4 @ mxfp8_e4m3" and str(recipe.dgrad) == "e5m2 @ -"
    assert {name: str(rule.forward) for name, rule in rules.items()} == {
        "*lm_head*": "- @ -", "*block.0.*": "- @ mxfp8_e4m3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"*weight_quantizer": {"num_bits": (9, 9)}}, "num_bits=(9, 9)"),
        ({"*weight_quantizer": {"num_bit": 8}}, "did you mean 'num_bits'"),
        ({"*weight_quantizer": 3}, "3 is not understood"),
        ({"*k_bmm_quantizer": MX}, "is not understood"),
        ({"*weight_quantizer": {"num_bits": (4, 3), "block_sizes": {0: 32}}}, "axes -1 and -2"),
        ({"*weight_quantizer": {"num_bits": (4, 3), "block_sizes": {-1: 32, "scale_bits": (5, 2)}}}, "scale_bits"),
        ({"*weight_quantizer": {"num_bits": (4, 3), "block_sizes": {-1: 32, "size": 2}}}, "axes -1 and -2"),
        ({"*weight_quantizer": {"num_bits": (4, 3), "block_sizes": [32]}}, "axes -1 and -2"),
        ({"*weight_quantizer": {"num_bits": (4, 3), "block_sizes": {-1: 32, "scale_bits": 8}}}, "scale_bits=8"),
        ({"quant_cfg": []}, "no mapping"),
        ({"default": {"enable": True}}, "default"),
    ],
)
def test_modelopt_says_what_it_does_not_understand(config, said):
    with pytest.raises(ChopperError, match=re.escape(said)):
        from_modelopt(config)
