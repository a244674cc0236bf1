"""The names of posits: ``posit<16,1>``, ``posit<16,1,nearest=value>``, ``posit12`` (es = 2), and the rows.

A trap: ``posit8`` and ``posit16`` mean es = 2 in the Posit Standard (2022), and so here; in SoftPosit and numpy-posit
they mean es = 0 and es = 1.  Those are ``posit8es0`` and ``posit16es1`` here; ``posit32`` is the same in both.
"""

from __future__ import annotations

import re

from chopper.formats.grammar import Family, Rule, options
from chopper.formats.posit import PositFormat
from chopper.formats.tables import Row

__all__ = ["POSIT"]

_OPTIONS = ("underflow", "nearest", "stochastic")
_STANDARD = "Standard for Posit Arithmetic (2022), section 3"
_LEGACY = "SoftPosit 0.4.1; Gustafson, Posit Arithmetic, 2017"
_NOTE = "SoftPosit and numpy-posit mean another es by this name: posit8es0, posit16es1."


def _row(name: str, aliases: str, n: int, es: int, source: str, note: str = "") -> Row:
    return Row(name, tuple(aliases.split()), PositFormat(n=n, es=es, name=name), source, note)


_ROWS = (
    _row("posit8", "posit8es2", 8, 2, _STANDARD, _NOTE),
    _row("posit16", "posit16es2", 16, 2, _STANDARD, _NOTE),
    _row("posit32", "posit32es2", 32, 2, _STANDARD),
    _row("posit64", "posit64es2", 64, 2, _STANDARD, "float64 does not hold its values."),
    _row("posit8es0", "", 8, 0, _LEGACY),
    _row("posit16es1", "", 16, 1, _LEGACY),
    _row("posit4es1", "", 4, 1, "XR-NPE, arXiv:2508.13049"),
)


def _build(match: re.Match[str]) -> PositFormat:
    found = match.groupdict()
    given = options(found["options"], _OPTIONS) if found.get("options") is not None else {}
    return PositFormat(n=int(found["n"]), es=int(found.get("es") or 2), **given)


def _advise(text: str) -> str:
    if re.fullmatch(r"posit[0-9_]*(<[^<>]*>?)?", text):
        return "a posit is written posit<n,es> with n from 2 to 64 and es from 0 to 4, as in 'posit<16,1>'"
    return ""


POSIT = Family(
    name="posit",
    type=PositFormat,
    rows=_ROWS,
    rules=(
        Rule(
            re.compile(r"posit<(?P<n>[0-9]{1,4}),(?P<es>[0-9]{1,4})(?:,(?P<options>[^<>]*))?>"), _build, "posit<16,1>"
        ),
        Rule(re.compile(r"posit(?P<n>[0-9]{1,4})(?:es(?P<es>[0-9]{1,4}))?"), _build, "posit12"),
    ),
    options=_OPTIONS,
    from_dict=PositFormat.from_dict,
    advise=_advise,
)
"""The posits."""
