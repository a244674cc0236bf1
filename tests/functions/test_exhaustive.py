"""All inputs of all named formats of up to 16 bits, through every function of one number.

The value at each distinct number is found once by MPFR, or mpmath where that is not installed, rounded to odd on the
grid of float64; every format that has the number judges it by its own definition.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.formats.base import Format
from chopper.rounding import Rounding
from tests.functions.judge import expected
from tests.functions.mpfr import available, mpfr_pair, mpfr_values
from tests.functions.pairs import pair_value, special_pair
from tests.functions.truth import UNARY, values
from tests.tally import Tally

pytestmark = pytest.mark.exhaustive
SUBJECT = "elementary functions, all inputs"

MODES = (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.DOWN, Rounding.TOWARD_ZERO)
FORMATS = tuple(
    fmt
    for fmt in chopper.formats()
    if not fmt.blocked and fmt.bits <= 16 and fmt.family != "lns" and not getattr(fmt, "logarithmic", False)
)
"""Binary fractions alone: logarithmic formats have a test of their own."""


@cache
def inputs(fmt: Format) -> np.ndarray:
    """Return the patterns of the distinct values of a format, infinities and -0 among them."""
    found = chopper.decode(np.arange(1 << fmt.bits), fmt, np.float64)
    return np.unique(found[~np.isnan(found)].view(np.int64))


@cache
def every() -> np.ndarray:
    """Return the patterns of all inputs."""
    return np.unique(np.concatenate([inputs(fmt) for fmt in FORMATS]))


def truth(name: str) -> np.ndarray:
    """Return the values at all inputs; kept in a folder for temporary files, since they take minutes."""
    path = Path(tempfile.gettempdir()) / f"chopper_values_{os.getuid()}" / f"{name}_{every().size}.npy"
    if path.is_file():
        return np.load(path)
    found = (mpfr_values if available() else values)(name, every().view(np.float64))
    path.parent.mkdir(exist_ok=True)
    np.save(path, found)
    return found


@pytest.mark.parametrize("name", UNARY)
def test_every_input(name: str, tally: Tally) -> None:
    """Results are those of the definition, bit for bit."""
    known = truth(name)
    for fmt in FORMATS:
        bits = inputs(fmt)
        xs, want = bits.view(np.float64), known[np.searchsorted(every(), bits)]
        for mode in MODES:
            got = getattr(ops, name)(xs, fmt, mode)
            tally.same(got, expected(fmt, want, mode), xs, fmt=fmt, mode=mode, about=name)


@pytest.mark.parametrize("source", ["e4m3", "e5m2", "posit8"])
@pytest.mark.parametrize("name", ["hypot", "pow"])
def test_every_pair(name: str, source: str, tally: Tally) -> None:
    """Functions of two numbers: all pairs of values of a format, to that format and to others."""
    numbers = inputs(chopper.get(source)).view(np.float64)
    x, y = (a.reshape(-1) for a in np.meshgrid(numbers, numbers, indexing="ij"))
    known = np.array([_pair(name, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    pole = np.isinf(known) & np.isfinite(x) & np.isfinite(y)
    for target in (source, "fp16", "posit16", "takum_linear8", "hif8"):
        fmt = chopper.get(target)
        want = np.where(pole & (fmt.family in ("posit", "takum")), np.nan, known)
        for mode in MODES:
            got = getattr(ops, name)(x, y, fmt, mode)
            tally.same(got, expected(fmt, want, mode), x, fmt=fmt, mode=mode, about=name)


def _pair(name: str, x: float, y: float) -> float:
    known = special_pair(name, x, y)
    if known is not None:
        return known
    return mpfr_pair(name, x, y) if available() else pair_value(name, x, y)
