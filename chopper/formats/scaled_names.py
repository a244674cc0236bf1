"""Names of formats with shared scales: rows with their sources, and the grammar.

- ``scaled<element,scale,block>``, then options: fields of `ScaledFormat` and of its `ScaleRule` as ``key=value``,
  ``scaling=rceil``, and ``outer=level<scale,block,...>``.  Element and scale are names or grammar strings of their own:
  ``scaled<posit<8,1>,e8m0,32,scaling=floor>``.  A block is ``32``, ``16x16``, ``all`` or ``tensor``.
- ``bfp<bits,block>``: block floating point, sign and magnitude of so many bits under a shared exponent of 8 bits.
- a name followed by options: ``mxfp4<scaling=rceil>``, ``mxfp8<block=16>``.
"""

from __future__ import annotations

import re
from typing import Any

from chopper.errors import FormatError
from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.grammar import Family, Rule, label, options, parts
from chopper.formats.level import Level
from chopper.formats.scale_rule import SCALINGS, ScaleRule
from chopper.formats.scaled import ScaledFormat
from chopper.formats.scaled_rows import ROWS

__all__ = ["SCALED"]

_RULE = ("statistic", "target", "direction", "before", "floor", "least", "choose", "loss")
_OPTIONS = ("scaling", "block", "element", "scale", "specials", "zero_point", *_RULE)
_N = "(?:0|[1-9][0-9]{0,8})"


def _get(text: str) -> Format:
    from chopper.formats.registry import get  # the registry knows this module

    return get(text)


def _parts(body: str, needs: int, form: str) -> tuple[list[str], dict[str, Any]]:
    """Return the parts in order and the options of a body; ``outer`` is a `Level`."""
    found = parts(body)
    if len(found) < needs or not all(found):
        raise FormatError(f"{body!r} is not legal; legal: {form}, then options")
    given: dict[str, Any] = {}
    for part in found[needs:]:
        key, _, value = part.partition("=")
        if key == "outer" and "outer" not in given:
            given["outer"] = _level(value)
            continue
        one = options(part, _OPTIONS)
        if one.keys() & given.keys():
            raise FormatError(f"option {key!r} is given twice; give it once")
        given |= one
    return found[:needs], given


def _level(text: str) -> Level:
    found = re.fullmatch("level<(.*)>", text)
    if not found:
        raise FormatError(f"outer={text!r} is not legal; legal: outer=level<scale,block,...>")
    (scale, block), given = _parts(found[1], 2, "level<scale,block>")
    outer = given.pop("outer", None)
    return Level(scale=_get(scale), block=block, rule=_rule(given), outer=outer)  # type: ignore[arg-type]


def _rule(given: dict[str, Any]) -> ScaleRule:
    for key in given.keys() - set(_RULE):
        raise FormatError(f"option {key!r} does not suit a level; legal: {', '.join(_RULE)}, outer")
    return ScaleRule(**given)


def _build_scaled(match: re.Match[str]) -> ScaledFormat:
    """Build ``scaled<element,scale,block,...>``."""
    (element, scale, block), given = _parts(match["body"], 3, "scaled<element,scale,block>")
    outer = given.pop("outer", None)
    specials = {"specials": given.pop("specials")} if "specials" in given else {}
    point = {"zero_point": given.pop("zero_point")} if "zero_point" in given else {}
    plain = ScaledFormat(element=_get(element), scale=_get(scale), block=block, outer=outer, specials="element")  # type: ignore[arg-type]
    # options may depend on one another, so they are set together
    changed = plain.with_options(**{"specials": "block", **specials, **point, **given})
    return changed.with_options(name=f"scaled<{match['body']}>")


def _build_bfp(match: re.Match[str]) -> ScaledFormat:
    """Build ``bfp<bits,block>``: bits count the sign, the shared exponent is 8 bits wide."""
    bits = int(match["bits"])
    if not 2 <= bits <= 32:
        raise FormatError(f"bits={bits} is not legal; legal: 2 to 32, the sign included")
    given = options(match["options"], _OPTIONS) if match["options"] is not None else {}
    element = FixedFormat(integer_bits=2, fraction_bits=bits - 2, symmetric=True)
    plain = ScaledFormat(element=element, scale=_get("e8m0"), block=match["block"], rule=SCALINGS["floor"])  # type: ignore[arg-type]
    shown = label("", given)[1:-1]
    name = f"bfp<{bits},{match['block']}{',' + shown if shown else ''}>"
    return plain.with_options(**given, name=name)


def _from_dict(data: dict[str, Any]) -> ScaledFormat:
    """Build a format from a dict such as `to_dict` returns."""
    given = {key: _revived(key, value) for key, value in data.items() if key != "family"}
    return ScaledFormat.from_dict(given)


def _revived(key: str, value: Any) -> Any:
    if key in ("element", "scale") and isinstance(value, (dict, str)):
        return _format(value)
    if key == "rule" and isinstance(value, dict):
        return ScaleRule(**_known(value, _RULE, "rule"))
    if key == "outer" and isinstance(value, dict):
        fields = _known(value, ("scale", "block", "rule", "outer"), "level")
        return Level(**{name: _revived(name, one) for name, one in fields.items()})
    return value


def _known(data: dict[str, Any], legal: tuple[str, ...], what: str) -> dict[str, Any]:
    for key in data.keys() - set(legal):
        raise FormatError(f"unknown field {key!r} of a {what}; legal: {', '.join(legal)}")
    return data


def _format(value: dict[str, Any] | str) -> Format:
    from chopper.formats.registry import Registry  # the registry knows this module

    if isinstance(value, str):
        return _get(value)
    return Registry().register("part", value)


def _advise(text: str) -> str:
    if text.startswith("scaled"):
        return "a format with shared scales names element, scale and block: 'scaled<e2m1,e8m0,32>'"
    if text.startswith("bfp"):
        return "block floating point names its bits and its block: 'bfp<8,16>'"
    return ""


SCALED = Family(
    name="scaled",
    type=ScaledFormat,
    rows=ROWS,
    rules=(
        Rule(re.compile("scaled<(?P<body>.*)>"), _build_scaled, "scaled<e2m1,e8m0,32>"),
        Rule(
            re.compile(rf"bfp<(?P<bits>{_N}),(?P<block>[0-9a-z]+)(?:,(?P<options>[^<>]*))?>"), _build_bfp, "bfp<8,16>"
        ),
    ),
    options=_OPTIONS,
    from_dict=_from_dict,
    advise=_advise,
)  # fmt: skip
"""The formats whose elements share scales."""
