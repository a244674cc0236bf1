"""Names of logarithmic numbers and codebooks: ``lns<8,3>``, ``nf4``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from chopper.formats.codebook import CodebookFormat
from chopper.formats.codebooks import BITSANDBYTES_FP4, NF4, dynamic_map
from chopper.formats.grammar import Family, Rule, options
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Ties
from chopper.formats.tables import Row

__all__ = ["CODEBOOK", "LNS"]

_N = "(?:0|[1-9][0-9]{0,3})"
_LNS_OPTIONS = ("bias", "zero", "nan", "unsigned_exponent", "nearest", "stochastic", "underflow", "nan_input")
_UNIVERSAL = "Omtzigt et al., Universal numbers library, lns<nbits, rbits>"
_MADAM = "Zhao et al., LNS-Madam, arXiv:2106.13914"
_POW2 = "Miyashita, Lee, Murmann, Convolutional Neural Networks using Logarithmic Data Representation, arXiv:1603.01025"
_NF4_PAPER = "Dettmers et al., QLoRA, arXiv:2305.14314, appendix E"
_BNB = "bitsandbytes, functional.py"


def _lns(name: str, width: int, fraction_bits: int, source: str, note: str = "", **given: object) -> Row:
    fmt = LnsFormat(width=width, fraction_bits=fraction_bits, name=name, **given)  # type: ignore[arg-type]
    return Row(name, (), fmt, source, note)


def _madam(fraction_bits: int) -> Row:
    note = "As normalised by a scale: the largest value is 1. Whether zero has a code is unverified; here it has none."
    options = {"unsigned_exponent": True, "zero": False, "nan": False, "bias": -127}
    return _lns(f"lns_madam8_g{1 << fraction_bits}", 8, fraction_bits, _MADAM, note, **options)


def _book(name: str, values: Iterable[float | Fraction], ties: Ties = Ties.LOWER) -> CodebookFormat:
    return CodebookFormat(values=tuple(Fraction(value) for value in values), ties=ties, name=name)


def _build_lns(match: re.Match[str]) -> LnsFormat:
    given = options(match["options"], _LNS_OPTIONS) if match["options"] else {}
    return LnsFormat(width=int(match["n"]), fraction_bits=int(match["f"]), **given)


LNS = Family(
    name="lns",
    type=LnsFormat,
    rows=(
        _lns("lns8", 8, 3, _UNIVERSAL),
        _lns("lns12", 12, 6, _UNIVERSAL),
        *map(_madam, range(6)),
        _lns("pow2_4", 4, 0, _POW2, "Powers of two and zero; by nearest=value thresholds are 1.5 * 2^k.", nan=False),
        _lns("logsqrt2_5", 5, 1, _POW2, "Powers of the square root of two, and zero.", nan=False),
        _lns("twin_log4", 4, 0, "Twin-log quantization; no primary source at hand",
             "Unverified: read as powers of two from 1 down, as normalised by a scale, with one level for zero.",
             nan=False, unsigned_exponent=True, bias=-7),
    ),
    rules=(Rule(re.compile(f"lns<(?P<n>{_N}),(?P<f>{_N})(?:,(?P<options>[^<>]*))?>"), _build_lns, "lns<8,3>"),),
    options=_LNS_OPTIONS,
    from_dict=LnsFormat.from_dict,
    advise=lambda text: "lns names its bits and fraction bits: 'lns<8,3>'" if text.startswith("lns") else "",
)  # fmt: skip
"""Logarithmic numbers."""

CODEBOOK = Family(
    name="codebook",
    type=CodebookFormat,
    rows=(
        Row("nf4", ("normal_float4",), _book("nf4", NF4), _NF4_PAPER,
            "Ties go to the lower value, as in bitsandbytes."),
        Row("fp4_bnb", (), _book("fp4_bnb", BITSANDBYTES_FP4), _BNB,
            "Twelfths, rounded to float32. Unverified: ties."),
        Row("dynamic8", (), _book("dynamic8", dynamic_map()),
            "Dettmers et al., 8-bit Optimizers via Block-wise Quantization, arXiv:2110.02861",
            "Each value is rounded once to float32; bitsandbytes computes in float32 and may differ in the last bit."),
        Row("binary", (), _book("binary", (-1, 1), Ties.EVEN), "-1 and 1", "Zero becomes -1."),
    ),
    rules=(),
    options=("ties", "nan_input"),
    from_dict=CodebookFormat.from_dict,
    advise=lambda text: "",
)  # fmt: skip
"""Lists of values."""
