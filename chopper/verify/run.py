"""All checks, one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from chopper.errors import ChopperError
from chopper.verify.engines import compiled_check
from chopper.verify.proofs import MODES, can_prove, proof_check
from chopper.verify.tables import table_check
from chopper.verify.values import values_check
from chopper.verify.words import words_check

__all__ = ["Check", "checks"]

_Task = tuple[str, str, Callable[[], tuple[int, int]]]

_FORMATS = ("fp16", "bf16", "e5m2", "e4m3", "e3m4", "e4m3fnuz", "e2m3", "e3m2", "e2m1", "binary8p3se")
"""Formats whose rounding is checked against tables of their values: signed, with subnormal numbers."""

_FAMILIES = (
    "posit8", "posit<10,1>", "posit<9,0>", "takum_linear8", "takum_log8", "lns8", "lns_madam8_g8", "hif8", "fixed<4,4>",
    "ufixed<2,6>", "int8<symmetric=true>", "nf4", "fp4_bnb", "dynamic8",
)  # fmt: skip
"""Formats of the other families, whose rounding is checked in fractions."""

_KERNELS = (
    ("bf16", "nearest_even"), ("e4m3", "nearest_even"), ("e4m3", "stochastic"), ("fp16", "up"),
    ("fp24", "toward_zero"), ("float11", "nearest_away"), ("e8m0", "down"), ("binary8p3se", "to_odd"),
    ("posit16", "nearest_even"), ("takum_linear16", "nearest_away"), ("lns8", "nearest_even"),
    ("nf4", "nearest_even"), ("fixed<8,8>", "to_odd"),
)  # fmt: skip
"""Formats and modes that together reach every shape of the kernel; run on integers, on NumPy and in compiled loops."""

_PROOFS = (("e5m2", 32), ("e3m4", 32), ("fp16", 32), ("bf16", 32), ("fp16", 64))
"""Formats of IEEE 754's own shape, and the width of the carrier."""


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
    for name in _FAMILIES:
        yield "exact values", f"{name}, all modes", partial(values_check, name, seed)
    for name, mode in _KERNELS:
        yield "three engines", f"{name}, {mode}", partial(compiled_check, name, mode, seed)
    if proofs:
        for name, width in _PROOFS:
            for mode in MODES:
                yield "proof", f"{name}, {mode}, {width} bits", partial(proof_check, name, mode, width)
