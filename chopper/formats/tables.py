"""The named float formats, one row each, with their sources.

A row is all it takes to add a format.  Layouts are written as in data sheets: sign, exponent and fraction bits.
``note`` says what the values cannot: other readings of a name, roundings and overflow rules of the hardware, and what
is unverified.  P3109 formats are not here: they follow from the rule ``binary<K>p<P>`` in `chopper.formats.grammar`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chopper.formats.base import Format
from chopper.formats.float import FloatFormat

__all__ = ["FLOATS", "Row"]


@dataclass(frozen=True)
class Row:
    """A named format: canonical name, other names, the format, where it is defined, and what to know about it."""

    name: str
    aliases: tuple[str, ...]
    format: Format
    source: str
    note: str = ""


def _row(name: str, aliases: str, layout: str, source: str, note: str = "", **options: Any) -> Row:
    """Return the row of a float format; `layout` is sign.exponent.fraction bits."""
    sign, exponent, fraction = (int(width) for width in layout.split("."))
    kind = {"signed": bool(sign), **options}
    fmt = FloatFormat(exponent_bits=exponent, precision=fraction + 1, name=name, **kind)
    return Row(name, tuple(aliases.split()), fmt, source, note)


_FINITE: dict[str, Any] = {"infinities": False, "top_nans": 0}
_ONE_NAN: dict[str, Any] = {"infinities": False, "top_nans": 1}
_FNUZ: dict[str, Any] = {"infinities": False, "nan_at_negative_zero": True}
_DLFLOAT: dict[str, Any] = {**_ONE_NAN, "first_field": 0, "subnormals": "flush"}
_CFLOAT: dict[str, Any] = {**_FINITE, "negative_zero": False}

_IEEE = "IEEE Std 754-2019, section 3.6, table 3.5, doi:10.1109/IEEESTD.2019.8766229"
_OFP8 = "OCP 8-bit Floating Point Specification (OFP8) 1.0, 2023; arXiv:2209.05433"
_NO_NAN = "Without NaN; what it is converted to, the specification leaves open."
_MX = "OCP Microscaling Formats (MX) Specification 1.0, 2023"
_LLVM = "LLVM llvm/include/llvm/ADT/APFloat.h"
_DLFLOAT_PAPER = "Agrawal et al., DLFloat, ARITH 2019, doi:10.1109/ARITH.2019.00023"
_HFP8_PAPER = "Sun et al., Hybrid 8-bit Floating Point (HFP8), NeurIPS 2019"
_DOJO = "Tesla Dojo Technology: A Guide to Tesla's Configurable Floating Point Formats & Arithmetic"
_BRAINWAVE = (
    "Chung et al., Serving DNNs in Real Time at Datacenter Scale with Project Brainwave, IEEE Micro 38(2), 2018"
)
_GL = "OpenGL 4.6 core profile, sections 2.3.4.3 and 2.3.4.4"

_STANDARD = (
    _row("fp16", "binary16 half float16 h e5m10 f16", "1.5.10", _IEEE),
    _row("bf16", "bfloat16 b e8m7", "1.8.7", "Intel BFLOAT16 Hardware Numerics Definition, 338302-001US, 2018",
         "MATLAB's chop and CPFloat switch its subnormals off by default: bf16<subnormals=round> here."),
    _row("tf32", "TensorFloat-32 t e8m10", "1.8.10",
         "NVIDIA A100 Tensor Core GPU Architecture, 2020; PTX ISA, cvt.rna.tf32.f32",
         "19 bits, kept in 32 by hardware, which converts with nearest_away (unverified)."),
    _row("fp32", "binary32 single float32 s e8m23 f32", "1.8.23", _IEEE),
    _row("fp64", "binary64 double float64 d e11m52 f64", "1.11.52", _IEEE),
    _row("fp16_alt", "", "1.5.10",
         "Arm Architecture Reference Manual for A-profile, DDI 0487, alternative half-precision",
         "No infinity, no NaN; the hardware converts infinity to max and NaN to zero (unverified).",
         **_FINITE, nan_input="zero"),
)  # fmt: skip

_EIGHT_BITS = (
    _row("e5m2", "float8_e5m2 fp8_e5m2 ofp8_e5m2 q52 bf8 fp8e5", "1.5.2", _OFP8),
    _row("e4m3", "e4m3fn float8_e4m3fn fp8_e4m3fn ofp8_e4m3 hf8 fp8e4nv", "1.4.3", _OFP8,
         "The OCP format, max 448. MATLAB's chop, CPFloat and LLVM give the name e4m3 to others: see e4m3_ieee.",
         **_ONE_NAN),
    _row("e4m3_ieee", "float8_e4m3 q43", "1.4.3", f"{_LLVM}, Float8E4M3; ml_dtypes float8_e4m3",
         "With infinities, max 240. CPFloat's e4m3 has the range of neither: max 480."),
    _row("e3m4", "float8_e3m4 e3m4_ieee fp8_e3", "1.3.4", f"{_LLVM}, Float8E3M4; ml_dtypes float8_e3m4"),
    _row("e4m3fnuz", "float8_e4m3fnuz fp8_e4m3fnuz fp8e4b8", "1.4.3", f"{_LLVM}, Float8E4M3FNUZ; arXiv:2206.02915",
         "Overflow and infinity become NaN in ml_dtypes, torch and AMD hardware without saturation.", **_FNUZ, bias=8),
    _row("e5m2fnuz", "float8_e5m2fnuz fp8_e5m2fnuz fp8e5b16", "1.5.2", f"{_LLVM}, Float8E5M2FNUZ; arXiv:2206.02915",
         "As e4m3fnuz.", **_FNUZ, bias=16),
    _row("e4m3b11fnuz", "float8_e4m3b11fnuz", "1.4.3", f"{_LLVM}, Float8E4M3B11FNUZ", **_FNUZ, bias=11),
    _row("e4m3b15", "fp8e4b15", "1.4.3", "Triton, fp8e4b15 before Hopper",
         "Unverified: read as having no special codes. The OCP format with this bias is e4m3<bias=15>.", **_FINITE, bias=15),
    _row("e8m0", "e8m0fnu ue8m0 float8_e8m0fnu", "0.8.0", f"{_MX}, section 5.4.1; {_LLVM}, Float8E8M0FNU",
         "Libraries disagree: ties go to the even code here (3 to 2, 6 to 8) and up in ml_dtypes, jax and torch; "
         "zero and negative numbers become 2^-127 and NaN here, NaN and NaN in ml_dtypes.",
         **_ONE_NAN, zero=False, first_field=0, subnormals="flush", negative="nan", zero_input="smallest"),
    _row("ms_fp8", "", "1.5.2", _BRAINWAVE, "Unverified: read as an IEEE-like format; equal to e5m2."),
    _row("ms_fp9", "", "1.5.3", _BRAINWAVE, "Unverified: read as an IEEE-like format."),
    _row("ue4m3", "float_ue4m3", "0.4.3", "NVIDIA PTX ISA, .ue4m3",
         "The positive half of e4m3, kept in 8 bits with the top bit 0; several programs use the signed e4m3 for it.",
         **_ONE_NAN, negative="zero"),
    _row("ue5m3", "float8_ue5m3 e5m3fnu float8_e5m3fnu", "0.5.3", "NVIDIA PTX ISA, .ue5m3; LLVM pull request 210720",
         "The CUDA constructor saturates.", **_ONE_NAN, negative="zero"),
)  # fmt: skip

_SMALL = (
    _row("e2m3", "e2m3fn float6_e2m3fn fp6_e2m3", "1.2.3", _MX, _NO_NAN, **_FINITE),
    _row("e3m2", "e3m2fn float6_e3m2fn fp6_e3m2", "1.3.2", _MX, _NO_NAN, **_FINITE),
    _row("e2m1", "e2m1fn float4_e2m1fn float4_e2m1fn_x2 fp4_e2m1", "1.2.1", _MX,
         _NO_NAN, **_FINITE),
    _row("e3m0", "fp4_e3m0", "1.3.0", "pytorch/ao pull requests 477 and 514",
         "Not in the MX specification.", **_FINITE),
)  # fmt: skip

_VENDORS = (
    _row("dlfloat16", "", "1.6.9", _DLFLOAT_PAPER,
         "Exponent field 0 is a normal binade except for zero; NaN and infinity are one code. The hardware rounds to "
         "nearest with ties up (unverified).", **_DLFLOAT),
    _row("dlfloat8", "", "1.4.3", _DLFLOAT_PAPER, "Unverified: read as dlfloat16 with other widths.", **_DLFLOAT),
    _row("dlfloat9", "", "1.5.3", _DLFLOAT_PAPER, "Unverified: read as dlfloat16 with other widths.", **_DLFLOAT),
    _row("hfp8_forward", "hfp8_fwd", "1.4.3", _HFP8_PAPER,
         "Unverified: bias 7 + 4, read as FNUZ; equal to e4m3b11fnuz. Products accumulate in fp16 or dlfloat16.",
         **_FNUZ, bias=11),
    _row("hfp8_backward", "hfp8_bwd", "1.5.2", _HFP8_PAPER, "Unverified: read as e5m2."),
    _row("fp24", "", "1.7.16", "AMD R300 pixel shaders", "Unverified.", subnormals="flush"),
    _row("pxr24", "", "1.8.15", "OpenEXR, internal_pxr24.c",
         "Unverified: rounds with nearest_away, truncates where that would reach infinity, keeps a bit of a NaN."),
    _row("cfloat8_1_4_3", "cfloat8_e4m3", "1.4.3", f"{_DOJO}; P3109 Interim Report 4.0, Annex F",
         "The bias is a parameter from 0 to 63, 7 where none is given: cfloat8_1_4_3<bias=20>. The guide prints "
         "subnormals as 0.mmm * 2^-bias, probably a misprint for 2^(1-bias).", **_CFLOAT),
    _row("cfloat8_1_5_2", "cfloat8_e5m2", "1.5.2", f"{_DOJO}; P3109 Interim Report 4.0, Annex F",
         "The bias is a parameter from 0 to 63, 15 where none is given; as cfloat8_1_4_3.", **_CFLOAT),
    _row("cfloat16_shp", "cfloat16_1_5_10", "1.5.10", _DOJO,
         "Signed half precision. The bias is a parameter from 0 to 63, 15 where none is given; overflow, infinity "
         "and NaN become max. Unverified: no minus zero.", **_CFLOAT),
    _row("cfloat16_uhp", "cfloat16_0_6_10", "0.6.10", _DOJO,
         "Unsigned half precision: normal numbers and zero. Unverified: subnormal codes and special values.",
         **_FINITE, subnormals="flush", negative="zero"),
    _row("float11", "uf11", "0.5.6", _GL, "Part of R11G11B10F.", negative="zero"),
    _row("float10", "uf10", "0.5.5", _GL, "Part of R11G11B10F.", negative="zero"),
)  # fmt: skip

FLOATS: tuple[Row, ...] = _STANDARD + _EIGHT_BITS + _SMALL + _VENDORS
"""Every named float format."""
