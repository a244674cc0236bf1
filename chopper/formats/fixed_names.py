"""Names of fixed-point formats and integers: ``fixed<4,4>``, ``int8``, ``q3.4``, ``uq0.8``, and the rows of a few.

- ``fixed<i,f>``, ``ufixed<i,f>``: i integer bits, the sign included, and f fraction bits, both may be negative; then
  options, as in ``fixed<4,4,symmetric=true>``.
- ``int<n>``, ``uint<n>``: n bits, 1 to 64, at least 2 if signed.
- ``q<m>.<n>``, ``uq<m>.<n>``: Q notation as Texas Instruments defines it, the sign *not* counted: q3.4 has 1 + 3 + 4
  bits and is ``fixed<4,4>``.  Arm counts the sign and calls the same format Q4.4.  Either part may be negative, as in
  ``q3.-1`` and ``q-1.8``.
- any of these or a name, followed by ``<key=value,...>``: with some fields of `FixedFormat` changed.
"""

from __future__ import annotations

import re
from typing import Any

from chopper.errors import FormatError
from chopper.formats.fixed import FixedFormat
from chopper.formats.grammar import Family, Rule, label, options
from chopper.formats.tables import Row

__all__ = ["FIXED", "INTEGERS"]

_OPTIONS = ("symmetric", "nan_input")
_C = "ISO/IEC 9899:2024 (C23), section 7.22.1.1, exact-width integer types"
_TERNARY = "Li, Liu, Ternary Weight Networks, 2016, arXiv:1605.04711"


def _row(name: str, aliases: str, bits: int, source: str, note: str = "", **fields: Any) -> Row:
    """Return the row of an integer format."""
    fmt = FixedFormat(integer_bits=bits, fraction_bits=0, name=name, **fields)
    return Row(name, tuple(aliases.split()), fmt, source, note)


def _pair(bits: int, source: str, note: str = "") -> tuple[Row, Row]:
    """Return the rows of the signed and the unsigned integers of a width."""
    return (
        _row(f"int{bits}", f"i{bits} s{bits}", bits, source.format(f"int{bits}", f"INT{bits}"), note),
        _row(f"uint{bits}", f"u{bits}", bits, source.format(f"uint{bits}", f"UINT{bits}"), note, signed=False),
    )


_BEYOND = "float64 does not hold all of its values: encode knows them, chop and decode do not."

INTEGERS: tuple[Row, ...] = (
    *_pair(2, "ml_dtypes {0}"),
    *_pair(3, "By definition; no standard names it."),
    *_pair(4, "ml_dtypes {0}; ONNX IR, TensorProto.{1}", "NVIDIA, AMD and Intel matrix units take it two to a byte."),
    *_pair(8, _C, "Quantizers often leave -128 out: int8<symmetric=true>. MXINT8 elements are fixed<2,6>."),
    *_pair(16, _C),
    *_pair(32, _C, "float32 does not hold all of its values: rounding float32 to it may raise a RangeError."),
    *_pair(64, _C, _BEYOND),
    _row("ternary", "", 2, _TERNARY, "-1, 0 and 1, codes 3, 0 and 1; equal to int2<symmetric=true>.", symmetric=True),
)
"""Every named integer format."""


def _given(match: re.Match[str]) -> dict[str, Any]:
    return options(match["options"], _OPTIONS) if match["options"] is not None else {}


def _build_fixed(match: re.Match[str]) -> FixedFormat:
    """Build ``[u]fixed<i,f[,options]>``."""
    given = _given(match)
    shown = label("", given)[1:-1]
    name = f"{match['stem']}<{match['i']},{match['f']}{',' + shown if shown else ''}>"
    i, f, signed = int(match["i"]), int(match["f"]), match["stem"] == "fixed"
    return FixedFormat(integer_bits=i, fraction_bits=f, signed=signed, name=name, **given)


def _build_integer(match: re.Match[str]) -> FixedFormat:
    """Build ``[u]int<n>[<options>]``."""
    given, signed = _given(match), not match["stem"].startswith("u")
    bits, least = int(match["n"]), 1 + signed
    if not least <= bits <= 64:
        kind = "int" if signed else "uint"
        raise FormatError(f"{bits} bits are not legal; legal: {kind}{least} to {kind}64")
    return FixedFormat(integer_bits=bits, fraction_bits=0, signed=signed, name=label(match["stem"], given), **given)


def _build_q(match: re.Match[str]) -> FixedFormat:
    """Build ``[u]q<m>.<n>[<options>]``; TI, TMS320C64x DSP Library Programmer's Reference, SPRU565, appendix A."""
    given, signed = _given(match), not match["stem"].startswith("u")
    i, f = int(match["m"]) + signed, int(match["f"])
    return FixedFormat(integer_bits=i, fraction_bits=f, signed=signed, name=label(match["stem"], given), **given)


def _advise(text: str) -> str:
    if re.match(r"u?fixed", text):
        return "fixed point is written with integer bits, the sign included, and fraction bits: 'fixed<4,4>'"
    if found := re.fullmatch(r"(u?q)([0-9]{1,4})", text):
        return f"Q notation needs both parts, the sign not counted: '{found[1]}0.{found[2]}'"
    if re.match(r"u?q-?[0-9.]", text):
        return "Q notation has two parts, the sign not counted: 'q3.4', 'uq0.8', 'q3.-1'"
    return ""


_N = "(?:0|[1-9][0-9]{0,5})"
_REST = "(?:<(?P<options>[^<>]*)>)?"

FIXED = Family(
    name="fixed",
    type=FixedFormat,
    rows=INTEGERS,
    rules=(
        Rule(
            re.compile(rf"(?P<stem>u?fixed)<(?P<i>-?{_N}),(?P<f>-?{_N})(?:,(?P<options>[^<>]*))?>"),
            _build_fixed,
            "fixed<4,4>",
        ),
        Rule(re.compile(rf"(?P<stem>u?int(?P<n>{_N})){_REST}"), _build_integer, "int5"),
        Rule(re.compile(rf"(?P<stem>u?q(?P<m>-?{_N})\.(?P<f>-?{_N})){_REST}"), _build_q, "q3.4"),
    ),
    options=_OPTIONS,
    from_dict=FixedFormat.from_dict,
    advise=_advise,
)
"""The fixed-point formats and the integers."""
