"""Names that describe a format: ``e5m10``, ``e4m3b11fnuz``, ``bf16<subnormals=flush>``, ``binary8p3se``.

A family of formats brings its named rows and its rules.  A rule is a pattern of folded text and what builds a format
from a match; so a new family adds data and touches no logic.

Float formats:

- ``e<w>m<t>``: exponent and fraction widths, then optionally ``b<bias>`` and one kind: ``ieee``; ``fn``, finite with
  one NaN at the top; ``fnuz``, finite with NaN in the place of minus zero and the bias 2^(w-1); ``fnu``, as ``fn``
  but unsigned; ``finite``, finite and without NaN.  A stem in the table means its row: ``e4m3`` is OCP's,
  ``e4m3b9`` is that with another bias, ``e4m3ieee`` the one with infinities.
- ``binary<K>p<P>`` followed by ``s`` or ``u`` (signed, unsigned) and ``e`` or ``f`` (extended, finite): IEEE P3109.
- any of these or a name, followed by ``<key=value,...>``: that format with some fields of `FloatFormat` changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chopper.errors import FormatError, nearest_names
from chopper.formats.base import Format
from chopper.formats.float import FloatFormat
from chopper.formats.tables import FLOATS, Row

__all__ = ["FLOAT", "Family", "Rule", "fold", "label", "options", "parts"]

_MINUS = re.compile(r"(\d[-_ ]*b[_ ]*|\.[-_ ]*|^u?q[-_ ]*(?=-\d+\.))-(?=\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[-_ ]+(?=[0-9])")
_SEPARATOR = re.compile(r"[- ]|(?<![0-9])_|_(?![0-9])")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


@dataclass(frozen=True)
class Rule:
    """A pattern that folded text must match in full, and what builds a format from the match."""

    pattern: re.Pattern[str]
    build: Callable[[re.Match[str]], Format]
    example: str


@dataclass(frozen=True)
class Family:
    """What a family of formats brings: its type, its named rows, its rules and its words of advice.

    ``options`` are the fields that ``<key=value>`` may change, through the type's ``with_options``; ``from_dict``
    builds a format from JSON-able data; ``advise`` returns what to say about text that only resembles a rule, or "".
    """

    name: str
    type: type[Format]
    rows: tuple[Row, ...]
    rules: tuple[Rule, ...]
    options: tuple[str, ...]
    from_dict: Callable[[dict[str, Any]], Format]
    advise: Callable[[str], str]


def fold(text: str) -> str:
    """Return `text` without what does not matter: case, and ``-``, ``_``, spaces outside of ``<...>``.

    Between two digits a separator matters and becomes ``_``; in ``e4m3b-2``, ``q3.-1`` and ``q-1.8`` it is a sign.

    Examples
    --------
    >>> fold("Float8-E4M3_FN"), fold("CFloat8 1-4-3 <bias = -20>")
    ('float8e4m3fn', 'cfloat8_1_4_3<bias=-20>')
    """
    stem, mark, rest = text.replace("\0", "?").strip().lower().partition("<")
    stem = _MINUS.sub("\\1\0", stem)
    stem = _SEPARATOR.sub("", _BETWEEN_DIGITS.sub("_", stem)).replace("\0", "-")
    return stem + mark + rest.replace(" ", "")


def options(text: str, legal: tuple[str, ...]) -> dict[str, Any]:
    """Read ``key=value,...``: values are integers, ``true``, ``false`` or words.

    Raises
    ------
    FormatError
        If a part is not ``key=value``, or a key is not legal or occurs twice.

    Examples
    --------
    >>> options("bias=-3,subnormals=flush", ("bias", "subnormals"))
    {'bias': -3, 'subnormals': 'flush'}
    """
    keys = {key.replace("_", ""): key for key in legal}
    found: dict[str, Any] = {}
    for part in parts(text):
        word, _, value = part.partition("=")
        key = keys.get(word.replace("_", "").replace("-", ""))
        if key is None or not value:
            near = nearest_names(word, legal, 1)
            hint = f"did you mean {near}? " if near and not key else ""
            raise FormatError(f"option {part!r} is not legal; {hint}legal: key=value with a key of {', '.join(legal)}")
        if key in found:
            raise FormatError(f"option {key!r} is given twice; give it once")
        found[key] = _literal(value)
    return found


def parts(text: str) -> list[str]:
    """Cut text at the commas outside of brackets.

    Examples
    --------
    >>> parts("posit<8,1>,e8m0")
    ['posit<8,1>', 'e8m0']
    """
    found, depth, start = [], 0, 0
    for i, sign in enumerate(text):
        depth += (sign == "<") - (sign == ">")
        if sign == "," and depth == 0:
            found.append(text[start:i])
            start = i + 1
    return [*found, text[start:]]


def _literal(value: str) -> int | bool | str:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if _INTEGER.fullmatch(value) else value


def label(stem: str, given: Mapping[str, Any]) -> str:
    """Return the name of a format with options, the inverse of `options`."""
    texts = [f"{key}={str(value).lower()}" for key, value in given.items()]
    return f"{stem}<{','.join(texts)}>" if texts else stem


# --- float formats ---------------------------------------------------------------------------------------------------

_FLOAT_OPTIONS = (
    "bias", "signed", "infinities", "top_nans", "nan_at_negative_zero", "negative_zero", "zero", "first_field",
    "subnormals", "negative", "nan_input", "zero_input",
)  # fmt: skip
_FLOAT_ROWS: Mapping[str, FloatFormat] = MappingProxyType(
    {
        fold(name): row.format
        for row in FLOATS
        for name in (row.name, *row.aliases)
        if isinstance(row.format, FloatFormat)
    }
)
_KINDS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "": {},
    "ieee": {},
    "fn": {"infinities": False, "top_nans": 1},
    "fnu": {"infinities": False, "top_nans": 1, "signed": False},
    "fnuz": {"infinities": False, "nan_at_negative_zero": True},
    "finite": {"infinities": False, "top_nans": 0},
})  # fmt: skip


def _number(name: str, value: str, low: int, high: int, where: str = "") -> int:
    """Return `value` as an integer, or complain that the field `name` has no such value."""
    if not low <= int(value) <= high:
        raise FormatError(f"{name}={value} is not legal; legal: an integer from {low} to {high}{where}")
    return int(value)


def _build_layout(match: re.Match[str]) -> FloatFormat:
    """Build ``e<w>m<t>[b<bias>][kind][<options>]``."""
    w = _number("exponent_bits", match["w"], 1, 19, " in e<exponent_bits>m<fraction_bits>")
    t = _number("fraction_bits", match["t"], 0, 52, " in e<exponent_bits>m<fraction_bits>")
    kind = match["kind"] or ""
    given = options(match["options"], _FLOAT_OPTIONS) if match["options"] is not None else {}
    name = label(match["stem"], given)
    row = None if kind == "ieee" else _FLOAT_ROWS.get(match["stem"])
    if row is None and match["bias"]:
        if "bias" in given:
            raise FormatError("the bias is given twice; give it once")
        given["bias"] = int(match["bias"])
        row = None if kind == "ieee" else _FLOAT_ROWS.get(f"e{w}m{t}{kind}")
    if row is not None:
        return row.with_options(**given, name=name)
    implied: dict[str, Any] = {"bias": 1 << (w - 1)} if kind == "fnuz" else {}
    return FloatFormat(exponent_bits=w, precision=t + 1, name=name, **{**implied, **_KINDS[kind], **given})


def _build_p3109(match: re.Match[str]) -> FloatFormat:
    """Build ``binary<K>p<P>{s,u}{e,f}[<options>]``; P3109 Interim Report 4.0, section 3."""
    signed = match["sign"] == "s"
    k = _number("K", match["k"], 3, 16, " in binary<K>p<P>")
    kind = "a signed" if signed else "an unsigned"
    p = _number("P", match["p"], 1, k - signed, f" for {kind} format of {k} bits")
    w = k - p + (not signed)
    fmt = FloatFormat(
        exponent_bits=w,
        precision=p,
        bias=1 << (w - 1),
        signed=signed,
        infinities=match["domain"] == "e",
        top_nans=0 if signed else 1,
        nan_at_negative_zero=signed,
        negative="overflow",  # type: ignore[arg-type]
        name=match["stem"],
    )
    given = options(match["options"], _FLOAT_OPTIONS) if match["options"] is not None else {}
    return fmt.with_options(**given, name=label(match["stem"], given))


_SEVERAL: Mapping[str, str] = MappingProxyType(
    {
        "8": "'e4m3' or 'e5m2', or with shared scales 'mxfp8'",
        "6": "'e3m2' or 'e2m3', or with shared scales 'mxfp6'",
        "4": "'e2m1', or with shared scales 'mxfp4' or 'nvfp4'",
    }
)
"""What is called a float of so many bits, without saying which."""


def _advise_float(text: str) -> str:
    if found := re.fullmatch(r"(?:fp|float|f|minifloat)([468])", text):
        return f"several formats have {found[1]} bits: {_SEVERAL[found[1]]}"
    if found := re.match(r"binary[0-9]+p[0-9]+", text):
        names = ", ".join(repr(found.group() + suffix) for suffix in ("se", "sf", "ue", "uf"))
        return f"a P3109 name says signed or unsigned, extended or finite: {names}"
    if found := re.match(r"e[0-9]+m[0-9]+", text):
        stem, kinds = found.group(), ", ".join(filter(None, _KINDS))
        return f"{stem!r} may be followed by b<bias>, one of {kinds}, and options: '{stem}<bias=...>'"
    return ""


_N = "(?:0|[1-9][0-9]{0,8})"
_OPTIONS = "(?:<(?P<options>[^<>]*)>)?"
_LAYOUT = rf"(?P<stem>e(?P<w>{_N})m(?P<t>{_N})(?:b(?P<bias>-?{_N}))?(?P<kind>ieee|fnuz|fnu|fn|finite)?){_OPTIONS}"
_P3109 = rf"(?P<stem>binary(?P<k>{_N})p(?P<p>{_N})(?P<sign>[su])(?P<domain>[ef])){_OPTIONS}"

FLOAT = Family(
    name="float",
    type=FloatFormat,
    rows=FLOATS,
    rules=(Rule(re.compile(_LAYOUT), _build_layout, "e5m10"), Rule(re.compile(_P3109), _build_p3109, "binary8p3se")),
    options=_FLOAT_OPTIONS,
    from_dict=FloatFormat.from_dict,
    advise=_advise_float,
)
"""The binary floating-point formats."""
