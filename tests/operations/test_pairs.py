"""Every pair of codes of short formats, in every deterministic mode; thinned by default."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import get, ops
from tests.operations.definition import DETERMINISTIC, Results, differing, values

SHORT = ("e4m3", "e5m2", "e2m3", "posit8")
BINARY = ("add", "sub", "mul", "div")


def _pairs(fmt: str, every: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = values(get(fmt))
    x, y = (a.ravel() for a in np.meshgrid(numbers, numbers))
    start = sum(map(ord, fmt)) % every
    return x[start::every].copy(), y[start::every].copy()


def _check(name: str, fmt: str, *columns: np.ndarray) -> None:
    results = Results(name, columns)
    for mode in DETERMINISTIC:
        got = getattr(ops, name)(*columns, fmt, mode)
        assert differing(got, results.rounded(fmt, mode)) == 0, mode


@pytest.mark.parametrize("fmt", SHORT)
@pytest.mark.parametrize("name", BINARY)
def test_pairs(name: str, fmt: str) -> None:
    """One pair in 97, every mode."""
    _check(name, fmt, *_pairs(fmt, 97))


@pytest.mark.exhaustive
@pytest.mark.parametrize("fmt", SHORT)
@pytest.mark.parametrize("name", BINARY)
def test_all_pairs(name: str, fmt: str) -> None:
    """All pairs, every mode."""
    _check(name, fmt, *_pairs(fmt, 1))


@pytest.mark.parametrize("fmt", SHORT)
def test_roots(fmt: str) -> None:
    """The square root of every code, every mode."""
    _check("sqrt", fmt, values(get(fmt)))


@pytest.mark.parametrize("fmt", SHORT)
def test_fused(fmt: str) -> None:
    """Random triples of codes, every mode."""
    rng = np.random.default_rng(1)
    _check("fma", fmt, *(rng.choice(values(get(fmt)), 400) for _ in range(3)))
