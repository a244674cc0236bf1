"""Quick witnesses for this machine: tables of exact values, one kernel on three engines, known words, proofs.

None of them needs anything beyond NumPy; the proofs run where z3 is installed.  They are a sample of the test suite,
made to tell within seconds whether the compiler and the processor at hand give the bits that they should.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop, decode, encode
from chopper.engine.plan import Plan, plan_round, request
from chopper.errors import ChopperError
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.kernels.threefry import threefry
from chopper.rounding import Rounding

__all__ = ["Check", "can_prove", "checks", "compiled_check", "proof_check", "table_check", "words_check"]

_Array = npt.NDArray[np.float64]
_Task = tuple[str, str, Callable[[], tuple[int, int]]]

_FORMATS = ("fp16", "bf16", "e5m2", "e4m3", "e3m4", "e4m3fnuz", "e2m3", "e3m2", "e2m1", "binary8p3se")
"""Formats whose rounding is checked against tables of their values: signed, with subnormal numbers."""

_KERNELS = (
    ("bf16", "nearest_even"), ("e4m3", "nearest_even"), ("e4m3", "stochastic"), ("fp16", "up"),
    ("fp24", "toward_zero"), ("float11", "nearest_away"), ("e8m0", "down"), ("binary8p3se", "to_odd"),
)  # fmt: skip
"""Formats and modes that together reach every shape of the kernel; run on integers, on NumPy and in compiled loops."""

_PROOFS = (("e5m2", 32), ("e3m4", 32), ("fp16", 32), ("bf16", 32), ("fp16", 64))
"""Formats of IEEE 754's own shape, and the width of the carrier."""

_WORDS = (
    ((0, 0, 0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 4, (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
)
"""Known answers of Threefry-2x32-20, from the Random123 library: key and counter, then the words."""

_SIZE = 1 << 15
"""Elements from which a call uses the compiled loops at once."""


@dataclass(frozen=True)
class Check:
    """The result of one check: how many cases, how many of them wrong, in how many seconds; or why it did not run."""

    witness: str
    subject: str
    cases: int
    wrong: int
    seconds: float
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran and found nothing wrong."""
        return not self.error and self.wrong == 0


def can_prove() -> bool:
    """Whether z3 is installed."""
    return find_spec("z3") is not None


def checks(proofs: bool = True, seed: int = 0) -> Iterator[tuple[int, Check]]:
    """Run the checks one by one; yield how many there are and the result of each.

    Parameters
    ----------
    proofs : bool
        Whether to prove as well, where z3 is installed.
    seed : int
        Of the random inputs.
    """
    tasks = list(_tasks(proofs and can_prove(), seed))
    for witness, subject, task in tasks:
        start, error, cases, wrong = time.perf_counter(), "", 0, 0
        try:
            cases, wrong = task()
        except (ChopperError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        yield len(tasks), Check(witness, subject, cases, wrong, time.perf_counter() - start, error)


def _tasks(proofs: bool, seed: int) -> Iterator[_Task]:
    yield "known words", "threefry-2x32-20", words_check
    for name in _FORMATS:
        yield "table of values", f"{name}, all modes", partial(table_check, name, seed)
    for name, mode in _KERNELS:
        yield "three engines", f"{name}, {mode}", partial(compiled_check, name, mode, seed)
    if proofs:
        for name, width in _PROOFS:
            for mode in _PROVED:
                yield "proof", f"{name}, {mode}, {width} bits", partial(proof_check, name, mode, width)


# --- known words -----------------------------------------------------------------------------------------------------


def words_check() -> tuple[int, int]:
    """Compare Threefry with its published answers; return the cases and how many are wrong.

    Examples
    --------
    >>> words_check()
    (3, 0)
    """
    wrong, encrypt = 0, cast(Callable[..., Any], threefry)
    for given, wanted in _WORDS:
        with np.errstate(over="ignore"):
            words = encrypt(*(np.array([word], np.uint32).view(np.int32) for word in given))
        wrong += tuple(int(word.view(np.uint32)[0]) for word in words) != wanted
    return len(_WORDS), wrong


# --- tables of values ------------------------------------------------------------------------------------------------


def table_check(name: str, seed: int = 0) -> tuple[int, int]:
    """Compare a format with the list of its exact values: decoding, and rounding in every mode.

    The list knows nothing of exponents and fractions: a number lies between two neighbours, and the mode picks one by
    distance, direction or the parity of the code.  Inputs are the values, the points halfway, quarter and three
    quarters between them, their neighbours in float64, and random numbers; all distances are exact in float64.

    Examples
    --------
    >>> table_check("e2m1")[1]
    0
    """
    fmt = get(name)
    if not isinstance(fmt, FloatFormat):
        raise TypeError(f"{name} is no float format")
    count = fmt.max_code + 1
    values = np.array([float(fmt.value(code)) for code in range(count)])
    every = np.arange(min(1 << fmt.bits, 1 << 16))
    exact = np.array([float(fmt.value(int(code))) for code in every])
    wrong = _differing(decode(every, fmt, np.float64), exact)
    cases = every.size
    x, words = _points(values, seed)
    for mode in Rounding:
        if mode.value in ("stochastic_b", "stochastic_c", "stochastic_equal"):
            continue
        options: dict[str, Any] = {"overflow": "saturate", "random_words": words if mode.random else None}
        wanted = _expected(x, values, mode, words)
        wrong += _differing(chop(x, fmt, mode, **options), np.copysign(values[wanted], x), fmt.negative_zero)
        negative = np.signbit(x) & ((wanted > 0) | fmt.negative_zero)
        codes = encode(x, fmt, mode, **options).astype(np.int64)
        wrong += int(np.count_nonzero(codes != wanted + np.where(negative, fmt.sign_code, 0)))
        cases += 2 * x.size
    return cases, wrong


def _points(values: _Array, seed: int) -> tuple[_Array, npt.NDArray[np.uint32]]:
    rng = np.random.default_rng(seed)
    chosen = np.arange(values.size - 1)
    if chosen.size > 1000:
        chosen = np.unique(np.concatenate((chosen[:100], chosen[-100:], rng.choice(chosen, 800))))
    low, gap = values[chosen], np.diff(values)[chosen]
    near = np.concatenate([low + part * gap for part in (0, 0.25, 0.5, 0.75)])
    near = np.concatenate((near, np.nextafter(near, np.inf), np.nextafter(near, 0), low + rng.random(low.size) * gap))
    near = np.concatenate((near[near <= values[-1]], [values[-1]]))
    x = np.concatenate((near, -near))
    return x, rng.integers(0, 1 << 32, x.size, dtype=np.uint32)


def _expected(x: _Array, values: _Array, mode: Rounding, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return the magnitude codes that the definition of a mode picks."""
    size = np.abs(x)
    below = np.searchsorted(values, size, side="right") - 1
    above = np.minimum(below + 1, values.size - 1)
    gap = np.where(above > below, values[above] - values[below], 1.0)
    part = (size - values[below]) / gap
    odd, inexact = below % 2 == 1, part > 0
    away = {
        Rounding.NEAREST_EVEN: (part > 0.5) | ((part == 0.5) & odd),
        Rounding.NEAREST_AWAY: part >= 0.5,
        Rounding.NEAREST_ZERO: part > 0.5,
        Rounding.TOWARD_ZERO: np.zeros_like(odd),
        Rounding.AWAY_FROM_ZERO: inexact,
        Rounding.UP: inexact & (x > 0),
        Rounding.DOWN: inexact & (x < 0),
        Rounding.TO_ODD: inexact & ~odd,
        Rounding.STOCHASTIC: np.floor(part * 2.0**32) + words >= 2.0**32,
    }[mode]
    return np.where(away, above, below)


def _differing(found: _Array, wanted: _Array, signs: bool = False) -> int:
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    if signs:
        same &= (np.signbit(found) == np.signbit(wanted)) | np.isnan(wanted)
    return int(np.count_nonzero(~same))


# --- one kernel, three engines ---------------------------------------------------------------------------------------


def compiled_check(name: str, mode: str, seed: int = 0) -> tuple[int, int]:
    """Run one kernel on NumPy and in a compiled loop, for both carriers, and compare the bits.

    On Python integers, which do not wrap around, it runs for the 64-bit carrier: that of Python's own numbers.

    Examples
    --------
    >>> compiled_check("e4m3", "nearest_even")[1]
    0
    """
    fmt, cases, wrong = get(name), 0, 0
    rng = np.random.default_rng(seed)
    for width in (32, 64):
        plan = plan_round(request(fmt, mode, None, 32, None), width)
        integer = np.dtype(f"i{width // 8}")
        bits = rng.integers(0, 256, _SIZE * width // 8, dtype=np.uint8).view(integer)
        words = rng.integers(0, 1 << 32, _SIZE, dtype=np.uint32)
        bits[: _SIZE // 2] = _patterns(fmt, rng, _SIZE // 2, width)
        word = words.view(np.int32) if width == 32 else words.astype(np.int64)
        with np.errstate(all="ignore"):
            on_numpy = plan.kernel(np.where, bits, word, plan.params)
        compiled = chop(bits.view(f"f{width // 8}"), fmt, mode, random_words=words if plan.kernel.random else None)
        wrong += _unlike(on_numpy, compiled.view(integer), width)
        cases += _SIZE
        if width == 64:
            some = np.concatenate((np.arange(512), np.arange(_SIZE - 512, _SIZE)))
            on_integers = np.array([_on_integers(plan, int(bits[i]), int(word[i])) for i in some], integer)
            wrong += _unlike(on_integers, on_numpy[some], width)
            cases += some.size
    return cases, wrong


def _patterns(fmt: Any, rng: np.random.Generator, count: int, width: int) -> npt.NDArray[Any]:
    """Return patterns of numbers spread over the range of the format."""
    low, high = (np.log2(float(Fraction(value))) for value in (fmt.smallest, fmt.max))
    low, high = max(low - 3, -140), min(high + 2, 127)
    numbers = np.exp2(rng.uniform(low, high, count)) * rng.choice([-1.0, 1.0], count)
    patterns: npt.NDArray[Any] = numbers.astype(f"f{width // 8}").view(f"i{width // 8}")
    return patterns


def _on_integers(plan: Plan, bits: int, word: int) -> int:
    result: int = plan.kernel(lambda c, a, b: a if c else b, bits, word, plan.params)
    return result


def _unlike(a: npt.NDArray[Any], b: npt.NDArray[Any], width: int) -> int:
    kind = f"f{width // 8}"
    nans = np.isnan(a.view(kind)) & np.isnan(b.view(kind))
    return int(np.count_nonzero((a != b) & ~nans))


# --- proofs ----------------------------------------------------------------------------------------------------------

_PROVED: dict[str, str] = {
    "nearest_even": "RNE",
    "nearest_away": "RNA",
    "toward_zero": "RTZ",
    "up": "RTP",
    "down": "RTN",
}


def proof_check(name: str, mode: str, width: int, seconds: int = 60) -> tuple[int, int]:
    """Prove with z3 that the kernel rounds as IEEE 754 defines it, for every pattern of the carrier but NaN.

    For nearest even it is the general kernel that is proved, not the short cut that rounds by a float addition.

    Raises
    ------
    ArithmeticError
        If z3 finds no answer in time.
    """
    import z3

    fmt = get(name)
    if not isinstance(fmt, FloatFormat):
        raise TypeError(f"{name} is no float format")
    asked = request(fmt, mode, None, 32, None)
    plan = plan_round(asked, width)
    if plan.kernel.rule == "settle":
        plan = plan_round(request(fmt, "nearest_away", None, 32, None), width)
        plan = plan._replace(kernel=type(plan.kernel)(plan.kernel.module, plan.kernel.name, mode, width))
    sort = z3.Float32() if width == 32 else z3.Float64()
    x = z3.BitVec("x", width)

    def vector(a: Any) -> Any:
        return z3.BitVecVal(a, width) if isinstance(a, int) else a

    result = plan.kernel(lambda c, a, b: z3.If(c, vector(a), vector(b)), x, z3.BitVecVal(0, width), plan.params)
    number = z3.fpBVToFP(x, sort)
    small = z3.FPSort(fmt.exponent_bits, fmt.precision)
    wanted = z3.fpToFP(z3.RNE(), z3.fpToFP(getattr(z3, _PROVED[mode])(), number, small), sort)
    solver = z3.SolverFor("QF_BVFP")
    solver.set("timeout", 1000 * seconds)
    solver.add(z3.Not(z3.fpIsNaN(number)), result != z3.fpToIEEEBV(wanted))
    verdict = solver.check()
    if verdict == z3.unknown:
        raise ArithmeticError(f"z3 gave no answer in {seconds} s")
    return 1 << width, int(verdict == z3.sat)
