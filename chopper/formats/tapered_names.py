"""Names of posits, takums and HiFloat8: ``posit16``, ``posit<16,1>``, ``posit8es0``, ``takum_linear16``."""

from __future__ import annotations

import re

from chopper.formats.grammar import Family, Rule, label, options
from chopper.formats.hif8 import Hif8Format
from chopper.formats.posit import PositFormat
from chopper.formats.tables import Row
from chopper.formats.takum import TakumFormat

__all__ = ["HIF8", "POSIT", "TAKUM"]

_N = "(?:0|[1-9][0-9]{0,3})"
_OPTIONS = ("nearest", "underflow")
_STANDARD = "Posit Standard (2022), Posit Working Group, sections 3 and 4"
_SOFTPOSIT = "SoftPosit (Leong); Gustafson and Yonemoto, Supercomputing Frontiers and Innovations 4(2), 2017"
_XR_NPE = "XR-NPE, arXiv:2508.13049"
_TAKUM = "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, arXiv:2404.18603"


def _posit(name: str, n: int, es: int, source: str, note: str = "", aliases: tuple[str, ...] = ()) -> Row:
    return Row(name, aliases, PositFormat(n=n, es=es, name=name), source, note)


def _takum(n: int, logarithmic: bool) -> Row:
    name = f"takum_{'log' if logarithmic else 'linear'}{n}"
    note = "Values other than 1 are irrational; decode gives the nearest float." if logarithmic else ""
    return Row(name, (), TakumFormat(n=n, logarithmic=logarithmic, name=name), _TAKUM, note)


def _build_posit(match: re.Match[str]) -> PositFormat:
    found = match.groupdict()
    given = options(found["options"], _OPTIONS) if found.get("options") else {}
    return PositFormat(n=int(found["n"]), es=int(found.get("es") or 2), **given)


def _build_takum(match: re.Match[str]) -> TakumFormat:
    given = options(match["options"], _OPTIONS) if match["options"] is not None else {}
    logarithmic, n = match["kind"] == "log", int(match["n"])
    return TakumFormat(n=n, logarithmic=logarithmic, name=label(f"takum_{match['kind']}{n}", given), **given)


def _advise_posit(text: str) -> str:
    return "a posit names its bits and exponent bits: 'posit<16,1>'" if text.startswith("posit") else ""


def _advise_takum(text: str) -> str:
    found = re.match("takum([0-9]+)", text)
    n = found[1] if found else "16"
    said = f"libraries differ in what this name means: 'takum_linear{n}' or 'takum_log{n}'"
    return said if text.startswith("takum") else ""


POSIT = Family(
    name="posit",
    type=PositFormat,
    rows=(
        _posit("posit8", 8, 2, _STANDARD, "SoftPosit's posit8 is posit8es0."),
        _posit("posit16", 16, 2, _STANDARD, "SoftPosit's posit16 is posit16es1."),
        _posit("posit8es0", 8, 0, _SOFTPOSIT, "The posit8 of SoftPosit and of texts before 2022."),
        _posit("posit16es1", 16, 1, _SOFTPOSIT, "The posit16 of SoftPosit and of texts before 2022."),
        _posit("posit4es1", 4, 1, _XR_NPE),
    ),
    rules=(
        Rule(re.compile(f"posit<(?P<n>{_N}),(?P<es>{_N})(?:,(?P<options>[^<>]*))?>"), _build_posit, "posit<16,1>"),
        Rule(re.compile(f"posit(?P<n>{_N})(?:es(?P<es>{_N}))?"), _build_posit, "posit12"),
    ),
    options=_OPTIONS,
    from_dict=PositFormat.from_dict,
    advise=_advise_posit,
)
"""The posits."""

TAKUM = Family(
    name="takum",
    type=TakumFormat,
    rows=tuple(_takum(n, logarithmic) for n in (8, 16) for logarithmic in (False, True)),
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
