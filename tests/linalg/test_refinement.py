"""Refinement in three formats has the bits of loops over exact fractions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chopper import linalg
from tests.linalg import factors, iterations
from tests.linalg.cases import matrix, rows, symmetric
from tests.linalg.scalar import Scalar
from tests.tally import Tally

SUBJECT = "linear algebra: refinement against loops over fractions"

Vector = list[float]


class Loops:
    """The algorithm for one right-hand side, one number at a time."""

    def __init__(self, formats: tuple[str, str, str], a: list[Vector], inner: int) -> None:
        low, self.at, self.high = (Scalar(fmt) for fmt in formats)
        self.a, self.inner = a, inner
        self.packed, self.order = factors.lu(low, [[low.round(one) for one in row] for row in a])

    def solve(self, r: Scalar, b: Vector) -> Vector:
        """Apply the factors; the scales are ones."""
        y = factors.substitute(r, self.packed, [r.mul(1.0, b[i]) for i in self.order], True, True)
        return [r.mul(1.0, one) for one in factors.substitute(r, self.packed, y, False)]

    def residual(self, b: Vector, x: Vector) -> Vector:
        """Compute b - a x in the widest format, rounded to the working one."""
        products = iterations.product(self.high, self.a, x)
        return [self.at.round(self.high.sub(one, other)) for one, other in zip(b, products, strict=True)]

    def by_gmres(self, r: Vector) -> Vector:
        """Solve for the correction by some steps of GMRES."""
        scale = max(abs(one) for one in r)

        def apply(v: Vector) -> Vector:
            found = self.solve(self.high, iterations.product(self.high, self.a, v))
            return [self.at.round(one) for one in found]

        whole = [self.at.round(one) for one in self.solve(self.high, [self.at.div(one, scale) for one in r])]
        d, _ = iterations.gmres_cycle(self.at, apply, whole, self.inner)
        return [self.at.mul(scale, one) for one in d]

    def run(self, b: Vector, steps: int, method: str) -> tuple[Vector, Vector]:
        """Return x after some corrections, and their relative sizes."""
        x, sizes = self.solve(self.at, b), []
        for _ in range(steps):
            r = self.residual(b, x)
            d = self.solve(self.at, r) if method == "lu" else self.by_gmres(r)
            x = [self.at.add(one, other) for one, other in zip(x, d, strict=True)]
            sizes.append(max(map(abs, d)) / max(map(abs, x)))
        return x, sizes


@pytest.mark.parametrize("method", ["lu", "gmres"])
@pytest.mark.parametrize("formats", [("e4m3", "fp16", "fp32"), ("bf16", "fp32", "fp64"), ("e5m2", "bf16", "tf32")])
def test_refinement(method: str, formats: tuple[str, str, str], tally: Tally) -> None:
    """Two corrections, with two steps of GMRES each: no stopping test is met before."""
    factor, working, residual = formats
    a, b = symmetric(1, 5, working) + np.triu(matrix(2, (5, 5), "e5m2") / 4, 1), matrix(3, (5,), "bf16")
    got = linalg.refine(
        a,
        b,
        factor=factor,
        working=working,
        residual=residual,
        method=method,
        tolerance=0.0,
        iterations=2,
        inner_tolerance=0.0,
        inner_iterations=2,
    )
    at = Scalar(working)
    loops = Loops(formats, [[at.round(one) for one in row] for row in rows(a)], 2)
    x, sizes = loops.run([at.round(one) for one in b.tolist()], got.iterations, method)
    assert got.iterations == 2
    assert math.isfinite(sum(sizes))
    tally.same(got.x, np.array(x), fmt=working, about=method)
    tally.same(got.corrections, np.array(sizes), fmt=working, about=method)
