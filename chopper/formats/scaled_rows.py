"""The named formats with shared scales, one row each, with their sources."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.codebooks import NF4
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.level import Level
from chopper.formats.scale_rule import SCALINGS, ScaleRule
from chopper.formats.scaled import ScaledFormat
from chopper.formats.tables import FLOATS, Row

__all__ = ["ROWS"]


def _float(name: str) -> Format:
    return next(row.format for row in FLOATS if name in (row.name, *row.aliases))


def _int(bits: int, fraction_bits: int = 0, **fields: Any) -> FixedFormat:
    return FixedFormat(integer_bits=bits - fraction_bits, fraction_bits=fraction_bits, **fields)


def _row(
    name: str,
    aliases: str,
    element: Format | str,
    scale: Format | str,
    block: Any,
    rule: ScaleRule,
    source: str,
    note: str = "",
    **fields: Any,
) -> Row:
    """Return the row of a format with shared scales; float formats by their names."""
    one, two = (_float(part) if isinstance(part, str) else part for part in (element, scale))
    fmt = ScaledFormat(element=one, scale=two, block=block, rule=rule, name=name, **fields)
    return Row(name, tuple(aliases.split()), fmt, source, note)


# fmt: off
_FLOOR = SCALINGS["floor"]
_PLAIN = ScaleRule()
_INT8 = FixedFormat(integer_bits=8, fraction_bits=0, symmetric=True, name="int8<symmetric=true>")
_INT4 = FixedFormat(integer_bits=4, fraction_bits=0, symmetric=True, name="int4<symmetric=true>")
_INT16 = FixedFormat(integer_bits=16, fraction_bits=0, name="int16")
_UINT8 = FixedFormat(integer_bits=8, fraction_bits=0, signed=False, name="uint8")
_TERNARY = FixedFormat(integer_bits=2, fraction_bits=0, symmetric=True, name="ternary")
_NF4 = CodebookFormat(values=NF4, ties="lower", name="nf4")  # type: ignore[arg-type]

_MX = "OCP Microscaling Formats (MX) Specification 1.0, 2023, sections 5 and 6.3"
_MX_NOTE = (
    "The scale is the specification's, scaling=floor; NVIDIA's libraries use rceil, AMD's even. The specification "
    "leaves open what a block of zeros, a scale below 2^-127 and a block with NaN become."
)
_NVIDIA = "NVIDIA Transformer Engine 2.x, NVFP4 recipe; cuDNN front-end, block scaling"
_NVFP4_NOTE = (
    "Exact arithmetic. compat='te' and compat='torchao' reproduce the float32 orders of two libraries; cuDNN's "
    "documentation rounds the scale up: nvfp4<direction=up>."
)
_DEEPSEEK = "DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.3; DeepGEMM 54e2261, deep_gemm/utils/math.py"
_LEAST = ScaleRule(least=Fraction(1, 10000))
_LEAST_UP = ScaleRule(least=Fraction(1, 10000), direction="up")  # type: ignore[arg-type]

_TENSOR = Level(scale=_float("fp32"), block=())
_TENSOR_256 = Level(scale=_float("fp32"), block=(), rule=ScaleRule(target=Fraction(256)))
_FOUR_OVER_SIX = ScaleRule(choose=(Fraction(4),))


def _micro(bias: int) -> FloatFormat:
    """Return a scale of one bit: 2^-bias or 2^(1 - bias)."""
    return FloatFormat(
        exponent_bits=1, precision=1, bias=bias, signed=False, infinities=False, top_nans=0, zero=False, first_field=0,
        subnormals="flush",  # type: ignore[arg-type]
    )


def _mx() -> Iterator[Row]:
    for name, aliases, element in (
        ("mxfp8_e4m3", "mxfp8", "e4m3"),
        ("mxfp8_e5m2", "", "e5m2"),
        ("mxfp6_e3m2", "mxfp6", "e3m2"),
        ("mxfp6_e2m3", "", "e2m3"),
        ("mxfp4", "mxfp4_e2m1", "e2m1"),
    ):
        yield _row(name, aliases, element, "e8m0", 32, _FLOOR, _MX, _MX_NOTE)
    yield _row("mxint8", "", FixedFormat(integer_bits=2, fraction_bits=6, name="fixed<2,6>"), "e8m0", 32, _FLOOR, _MX,
               "With the code of -2; microxcaling leaves it out: mxint8<element=fixed<2,6,symmetric=true>>.")


def _nvfp4() -> Iterator[Row]:
    yield _row("nvfp4", "nvfp4_1d", "e2m1", "ue4m3", 16, _PLAIN, _NVIDIA, _NVFP4_NOTE, outer=_TENSOR)
    yield _row("nvfp4_2d", "", "e2m1", "ue4m3", (16, 16), _PLAIN, _NVIDIA, _NVFP4_NOTE, outer=_TENSOR)
    yield _row(
        "nvfp4_46", "four_over_six", "e2m1", "ue4m3", 16, _FOUR_OVER_SIX,
        "Four Over Six; mit-han-lab/fouroversix dadfad6, src/fouroversix/quantize",
        "Scales of the tensor leave room for 4: the largest block scale is 256. Libraries judge by float32 sums.",
        outer=_TENSOR_256,
    )
    yield _row("nvfp4_ue5m3", "", "e2m1", "ue5m3", 16, _PLAIN, "arXiv:2509.17791; arXiv:2601.19026",
               "One level. Bias and top codes of UE5M3 are not settled in public: see ue5m3.")


def _fp8() -> Iterator[Row]:
    te = "NVIDIA Transformer Engine, FP8 current scaling; torchao float8 dynamic scaling"
    yield _row("fp8_tensor", "", "e4m3", "fp32", "tensor", _PLAIN, te,
               "A tensor of zeros has the scale 0 here, and 1 in Transformer Engine.")
    yield _row("fp8_token", "fp8_channel fp8_row", "e4m3", "fp32", "all", _PLAIN, te,
               "One scale along the last axis; of a weight (out, in) one for each output channel.")
    for suffix, block in (("", 128), ("x128", (128, 128))):
        kind = "weights" if suffix else "activations"
        yield _row(f"fp8_block128{suffix}", "", "e4m3", "fp32", block, _LEAST, _DEEPSEEK, f"For {kind}.")
        yield _row(f"fp8_block128{suffix}_ue8m0", "", "e4m3", "e8m0", block, _LEAST_UP, _DEEPSEEK, f"For {kind}.")


def _integers() -> Iterator[Row]:
    usual = "Nagel et al., A White Paper on Neural Network Quantization, arXiv:2106.08295, section 2.2"
    yield _row("int8_tensor", "", _INT8, "fp32", "tensor", _PLAIN, usual, "Symmetric: -127 to 127.")
    yield _row("int8_token", "int8_channel int8_row", _INT8, "fp32", "all", _PLAIN, usual, "As fp8_token.")
    affine = ScaleRule(statistic="minmax")  # type: ignore[arg-type]
    note = "Zero is always a value. Libraries differ on whether they extend the range to it (unverified)."
    yield _row("int8_affine", "uint8_affine", _UINT8, "fp32", "all", affine, usual, note, zero_point=True)
    yield _row("int4_group128", "int4_g128", _INT4, "fp32", 128, _PLAIN,
               "Frantar et al., GPTQ, arXiv:2210.17323; AWQ, arXiv:2306.00978",
               "Symmetric: -7 to 7. Libraries store the scale in float16: int4_group128<scale=fp16>.")
    yield _row("jetfire_int8", "", _INT8, "fp32", (32, 32), _PLAIN,
               "Xi et al., Jetfire, arXiv:2403.12422; thu-ml/Jetfire-INT8Training 5556355, quantize.py",
               "The code stores the scale in half precision, after use, and a tile of zeros gives it NaN.")
    absmean = ScaleRule(statistic="absmean", target=Fraction(1))  # type: ignore[arg-type]
    yield _row("bitnet_ternary", "ternary_absmean bitnet", _TERNARY, "fp32", "tensor", absmean,
               "Ma et al., The Era of 1-bit LLMs (BitNet b1.58), arXiv:2402.17764",
               "The paper adds a small number to the mean against division by zero; here a zero scale gives zeros.")


def _codebooks() -> Iterator[Row]:
    paper = "Dettmers et al., QLoRA, arXiv:2305.14314; bitsandbytes 95f9af30"
    yield _row("nf4_block64", "qlora_nf4", _NF4, "fp32", 64, _PLAIN, paper,
               "bitsandbytes blocks the flattened tensor: reshape it first; it multiplies by a rounded reciprocal, and "
               "divides in the tail.")
    yield _row("nf4_dq", "nf4_double_quant", _NF4, "ue4m3", 64, _PLAIN, paper,
               "Scales of 8 bits in blocks of 256. Unverified: the scale format; bitsandbytes subtracts the mean of "
               "the scales first and uses its dynamic map.", outer=Level(scale=_float("fp32"), block=(64 * 256,)))


def _block_floats() -> Iterator[Row]:
    brainwave = "Rouhani et al., Pushing the Limits of Narrow Precision Inferencing (MSFP), NeurIPS 2020"
    for name, bits in (("msfp12", 4), ("msfp16", 8)):
        element = FixedFormat(integer_bits=2, fraction_bits=bits - 2, symmetric=True)
        yield _row(name, "", element, "e8m0", 16, _FLOOR, brainwave, "Unverified: box of 16, 8-bit exponent.")
    yield _row("dfp16", "", _INT16, "e8m0", "tensor", _FLOOR,
               "Das et al., Mixed Precision Training of CNNs using Integer Operations, arXiv:1802.00930",
               "E_s = exponent of the largest magnitude - 14. Unverified but for the abstract: products of INT16 "
               "pairs are summed in INT32 in short chains, then in FP32; chain length and input shift are parameters.")
    given = ScaleRule(statistic="given")  # type: ignore[arg-type]
    exponent5 = FloatFormat(
        exponent_bits=5, precision=1, bias=16, signed=False, infinities=False, top_nans=0, zero=False, first_field=0,
        subnormals="flush",  # type: ignore[arg-type]
    )
    yield _row("flex16_5", "flex16+5 flexpoint", _INT16, exponent5, "tensor", given,
               "Koster et al., Flexpoint, arXiv:1711.02213",
               "The exponent is predicted from earlier tensors, so calls must bring scale=. Unverified: its bias.",
               specials="element")


def _nested() -> Iterator[Row]:
    shared = "Rouhani et al., With Shared Microexponents, A Little Shifting Goes a Long Way, arXiv:2302.08007"
    down = ScaleRule(target="power", direction="down")  # type: ignore[arg-type]
    for bits in (9, 6, 4):
        element = FixedFormat(integer_bits=2, fraction_bits=bits - 3, symmetric=True)
        yield _row(f"mx{bits}", "", element, _micro(1), 2, down, shared,
                   "Shared microexponents: a bit for each pair, 8 bits for each 16. Unverified.",
                   outer=Level(scale=_float("e8m0"), block=(16,), rule=down))
    up = ScaleRule(direction="up")  # type: ignore[arg-type]
    e6m2 = FloatFormat(exponent_bits=6, precision=3, bias=48, signed=False, infinities=False, top_nans=1)
    s1p2 = FloatFormat(exponent_bits=1, precision=3, bias=1, infinities=False, top_nans=0)
    yield _row("hif4", "hifloat4", s1p2, _micro(0), 4, up, "Huawei, HiFloat4 (HiF4)",
               "Unverified: the bias and rounding of the E6M2 scale of 64 elements, the order of the levels.",
               outer=Level(scale=_micro(0), block=(8,), rule=up, outer=Level(scale=e6m2, block=(64,))))
    yield _row("vsq", "vs_quant", _INT4, FixedFormat(integer_bits=6, fraction_bits=0, signed=False, name="uint6"), 16,
               _PLAIN, "Dai et al., VS-Quant, arXiv:2102.04503",
               "Integer scales of vectors of 16 under a float scale along the last axis. Unverified: widths, rounding.",
               outer=Level(scale=_float("fp32"), block=(-1,)))


# fmt: on

ROWS: tuple[Row, ...] = tuple(
    row for rows in (_mx(), _nvfp4(), _fp8(), _integers(), _codebooks(), _block_floats(), _nested()) for row in rows
)
"""Every named format with shared scales."""
