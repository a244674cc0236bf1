"""Names of takums and HiFloat8: ``takum_linear16``, ``takum_log12``, ``hif8``."""

from __future__ import annotations

import re

from chopper.formats.grammar import Family, Rule, label, options
from chopper.formats.hif8 import Hif8Format
from chopper.formats.tables import Row
from chopper.formats.takum import TakumFormat

__all__ = ["HIF8", "TAKUM"]

_N = "(?:0|[1-9][0-9]{0,3})"
_OPTIONS = ("nearest", "stochastic", "underflow")
_TAKUM = "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, arXiv:2404.18603"


_IRRATIONAL = "Values other than 1 are irrational; decode gives the nearest float."


def _takum(n: int, logarithmic: bool = False) -> Row:
    name = f"takum_{'log' if logarithmic else 'linear'}{n}"
    note = _IRRATIONAL if logarithmic else "float64 does not hold its values." if n > 57 else ""
    return Row(name, (), TakumFormat(n=n, logarithmic=logarithmic, name=name), _TAKUM, note)


def _build_takum(match: re.Match[str]) -> TakumFormat:
    given = options(match["options"], _OPTIONS) if match["options"] is not None else {}
    logarithmic, n = match["kind"] == "log", int(match["n"])
    return TakumFormat(n=n, logarithmic=logarithmic, name=label(f"takum_{match['kind']}{n}", given), **given)


def _advise_takum(text: str) -> str:
    found = re.match("takum([0-9]+)", text)
    n = found[1] if found else "16"
    said = f"libraries differ in what this name means: 'takum_linear{n}' or 'takum_log{n}'"
    return said if text.startswith("takum") else ""


TAKUM = Family(
    name="takum",
    type=TakumFormat,
    rows=(*map(_takum, (8, 12, 16, 32, 64)), *(_takum(n, logarithmic=True) for n in (8, 12, 16))),
    rules=(
        Rule(
            re.compile(f"takum(?P<kind>linear|log)(?P<n>{_N})(?:<(?P<options>[^<>]*)>)?"), _build_takum,
            "takum_linear12",
        ),
    ),
    options=_OPTIONS,
    from_dict=TakumFormat.from_dict,
    advise=_advise_takum,
)  # fmt: skip
"""The takums."""

HIF8 = Family(
    name="hif8",
    type=Hif8Format,
    rows=(
        Row("hif8", ("hifloat8",), Hif8Format(name="hif8"), "Luo et al., arXiv:2409.16626",
            "Hardware converts by nearest_away. Which code stands for which value is unverified."),
    ),
    rules=(),
    options=(),
    from_dict=Hif8Format.from_dict,
    advise=lambda text: "",
)  # fmt: skip
"""HiFloat8."""
