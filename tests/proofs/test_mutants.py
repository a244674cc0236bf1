"""The proofs can fail: every mistake put into the kernels is found, by a concrete input, for at least one format."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from chopper.engine.kernel import Kernel
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.kernels import carrier, lns, magic, posit, rules, takum
from chopper.kernels import float as floats
from chopper.rounding import Rounding
from tests.proofs import claims
from tests.proofs.smt import Source, plain, solve

MODULES: Mapping[str, ModuleType] = {
    "carrier": carrier,
    "rules": rules,
    "float": floats,
    "magic": magic,
    "lns": lns,
    "takum": takum,
    "posit": posit,
}


class Edited(Source):
    """The kernels with some text replaced."""

    def __init__(self, module: str = "", good: str = "", bad: str = "") -> None:
        self.scopes: dict[str, dict[str, Any]] = {}
        for name, original in MODULES.items():
            text = inspect.getsource(original)
            if name == module:
                assert good in text, f"this mutant is out of date: chopper/kernels/{module}.py does not say {good!r}"
                text = text.replace(good, bad)
            scope: dict[str, Any] = {"__name__": f"edited.{name}"}
            exec(compile(text, f"<{name}>", "exec"), scope)
            for key, value in list(scope.items()):  # what is imported from a kernel module comes from the edited one
                home = getattr(value, "__module__", None) or ""
                if home.startswith("chopper.kernels."):
                    scope[key] = self.scopes[home.rpartition(".")[2]][key]
            self.scopes[name] = scope

    def function(self, kernel: Kernel) -> Any:
        """Return the edited function of a kernel."""
        return self.scopes[kernel.module][kernel.name]

    def rule(self, kernel: Kernel) -> Any:
        """Return the edited rounding rule of a kernel."""
        return self.scopes["rules"][kernel.rule]


# --- claims to try, each for a format, a mode and a carrier ----------------------------------------------------------

Claim = Callable[[FloatFormat, Rounding, int, Source], list[Any]]


def ieee(shape: str | None = None) -> Claim:
    """IEEE 754, with an integer kernel of this shape, or with the one that the library runs."""

    def claim(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
        plan = claims.shipped(fmt, mode, width) if shape is None else plain(fmt, mode, width, shape)
        return claims.rounds_as_ieee(plan, fmt, mode, source=source)

    return claim


def defined(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """The definition."""
    return claims.rounds_as_defined(claims.shipped(fmt, mode, width), fmt, mode, source=source)


def nan(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """NaN gives NaN."""
    return claims.nan_gives_nan(claims.shipped(fmt, mode, width), fmt, mode, source=source)


def codes(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """The value of a code is the rounded value."""
    return claims.codes_are_values(fmt, mode, width, source=source)


def back(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """The code of a value is its code."""
    return claims.codes_return(fmt, mode, width, source=source)


def flushed(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """Magic addition does not mind flushed subnormals."""
    return claims.flush_does_not_matter(fmt, width, source=source)


def drawn(fmt: FloatFormat, mode: Rounding, width: int, source: Source) -> list[Any]:
    """The formulas of stochastic rounding, with 8 random bits."""
    return claims.draws_by_the_formula(fmt, mode, width, 8, source=source)


@dataclass(frozen=True)
class Mutant:
    """A mistake, and where to look for its effect: some formats, in any of some modes."""

    what: str
    module: str
    good: str
    bad: str
    claim: Claim
    formats: str = "e5m2 bf16 fp16"
    modes: str = "nearest_even"

    def places(self) -> Iterable[tuple[FloatFormat, Rounding, int]]:
        """Yield a format, a mode and a carrier to try."""
        for name in self.formats.split():
            fmt = get(name)
            assert isinstance(fmt, FloatFormat)
            for mode in self.modes.split():
                yield fmt, Rounding.parse(mode), 32


WIDE = "e8m0 e8m3<bias=140> e8m2<bias=140,subnormals=flush>"
SHORT = "bf16 e8m7<infinities=false,top_nans=128>"
ONE_DIGIT = "e3m0 binary8p1se e8m0"
UNSIGNED = "ue4m3 binary8p1ue"
HEAD = "(where, neg, odd, r, s, shift, word, bits):\n    return "

MUTANTS = (
    # carrier
    Mutant("carrier subnormals ignored", "carrier", "where(mag >> t < 1, 1, mag >> t)", "mag >> t", ieee("")),
    Mutant("normalised one step short", "carrier", "_lift(where, e, m, c.precision - 1, 1)", "e, m", defined, WIDE),
    Mutant("halves exchanged", "carrier", "return positive ^ (", "return negative ^ (", ieee(""), modes="up"),
    # rules
    Mutant("ties away", "rules", "((1 << s) - 1 + odd) >> 1", "(1 << s) >> 1", ieee("")),
    Mutant("ties to odd", "rules", "((1 << s) - 1 + odd) >> 1", "((1 << s) - odd) >> 1", ieee("")),
    Mutant(
        "ties toward zero",
        "rules", "nearest_away" + HEAD + "(1 << s)", "nearest_away" + HEAD + "((1 << s) - 1)",
        ieee(""), modes="nearest_away",
    ),
    Mutant("to_odd made even", "rules", "where(odd == 0,", "where(odd != 0,", ieee(""), modes="to_odd"),
    Mutant("up and down exchanged", "rules", "where(neg == 0,", "where(neg != 0,", ieee(""), modes="up"),
    Mutant(
        "exact numbers move down",
        "rules", "where(neg != 0, (1 << s) - 1, 0)", "where(neg != 0, 1 << s, 0)",
        ieee(""), modes="down",
    ),
    Mutant("drawn one too rarely", "rules", "0x7FFFFFFF - (word", "0x80000000 - (word", drawn, "e4m3", "stochastic"),
    Mutant("spare cut short", "rules", "shift - bits, 0)", "shift - bits - 1, 0)", drawn, "e4m3", "stochastic_b"),
    Mutant("spare ties away", "rules", "(r >> k) & 1, r, k", "1, r, k", drawn, "e4m3", "stochastic_c"),
    # float: rounding
    Mutant(
        "shift bounded too early",
        "float", "where(shift > c.precision + 1, c.precision + 1, shift)",
        "where(shift > c.precision, c.precision, shift)",
        ieee(""),
    ),
    Mutant("tiny numbers not settled", "float", "where(mag < f.quantum, -(total", "where(mag < 0, -(total", ieee("")),
    Mutant("smallest number lost", "float", "-(total >> s) & f.quantum", "-(total >> s) & 0", ieee("")),
    Mutant("largest one overflows", "float", "where(out > f.max_pos, pick", "where(out >= f.max_pos, pick", ieee("")),
    Mutant("overflow ignored", "float", "where(out > f.max_pos, pick(", "where(mag > c.inf, pick(", ieee("")),
    Mutant("sign dropped", "float", "out | (side & f.sign))", "out)", ieee("")),
    Mutant("infinity overflows", "float", "mag < c.inf", "mag <= c.inf", ieee(""), modes="toward_zero"),
    Mutant("NaN is a number", "float", "where(mag > c.inf,", "where(mag < 0,", nan, modes="up"),
    Mutant("parity of the short kernel", "float", "(mag >> f.drop) & 1, r", "(mag >> f.drop) & 0, r", ieee()),
    Mutant("overflow of the short kernel", "float", "out > f.max_pos, f.over", "out < 0, f.over", defined, SHORT),
    # float: the general and wide kernels
    Mutant("parity of one digit", "float", "(e - f.origin) & f.single", "(e - f.origin) & 0", defined, ONE_DIGIT),
    Mutant("parity from another origin", "float", "(e - f.origin) & f.single", "e & f.single", defined, ONE_DIGIT),
    Mutant("gap below emin", "float", "below + f.gap", "below + f.drop", defined, "e4m3<subnormals=round>"),
    Mutant("smallest number flushed", "float", "out < f.smallest,", "out <= f.smallest,", defined, "dlfloat16 fp24"),
    Mutant(
        "zero keeps its sign",
        "float", "where(out == 0, side & f.zero_sign, side & f.sign)", "(side & f.sign)",
        defined, "e4m3fnuz",
    ),
    Mutant("halves joined", "float", "out > pick(side, f.max_pos, f.max_neg)", "out > f.max_pos", defined, UNSIGNED),
    Mutant("subnormals joined wrongly", "float", "where(e < 1, 1 - e, 0)", "where(e < 0, 1 - e, 0)", ieee("_wide")),
    # codes
    Mutant("codes of subnormals", "float", "(where(below > 0, 0, below) << (", "(below << (", codes, "e4m3 fp16"),
    Mutant("codes without zero", "float", "q * f.unit + f.floor", "q * f.unit", codes, "e8m0<subnormals=round>"),
    Mutant(
        "codes below the smallest number",
        "float", "where(below > 0, q * f.unit", "where(below > 0, q + f.unit",
        codes, "e4m3<subnormals=round> binary8p3se",
    ),
    Mutant(
        "fields of subnormals",
        "float", "where(mag >> t < f.first_field, f.first_field, mag >> t)", "mag >> t",
        back, "fp24 binary8p3se e8m0 dlfloat16 e8m3<bias=140>",
    ),
    Mutant("NaN instead of -0", "float", "where(bits == f.lone_code, f.lone, out)", "out", codes, "ue4m3 e4m3fnuz"),
    Mutant("sign of codes dropped", "float", "where(bits & f.sign != 0, out | sign, out)", "out", codes, "e4m3 e5m2"),
    # magic
    Mutant("quanta of subnormals", "magic", "where(e < f.low, f.low, e)", "e", ieee(), "e5m2 fp16"),
    Mutant("limit of magic addition", "magic", "mag > f.limit", "mag >= f.limit", ieee(), "e5m2 fp16"),
    Mutant("sign of magic addition", "magic", "f.nan_pos, out) | neg", "f.nan_pos, out)", flushed, "e5m2 fp16"),
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_refuted(mutant: Mutant) -> None:
    """Some format, mode and input show the mistake."""
    source = Edited(mutant.module, mutant.good, mutant.bad)
    verdicts = {place: solve(*mutant.claim(*place, source)) for place in mutant.places()}
    assert any(verdict == "sat" for verdict, _ in verdicts.values()), f"{mutant.what} survives: {verdicts}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_the_unedited_kernels_pass(mutant: Mutant) -> None:
    """The same claims hold for the same sources without the mistake."""
    source = Edited()
    for place in mutant.places():
        assert solve(*mutant.claim(*place, source))[0] == "unsat", place
