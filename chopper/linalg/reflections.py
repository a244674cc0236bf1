"""Householder reflections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chopper.linalg.setting import Array, Setting

__all__ = ["Reflection", "assemble_reflections", "reflect"]


@dataclass(frozen=True)
class Reflection:
    """The reflection ``I - tau v v.T`` of the rows from `first` on; v[0] = 1."""

    first: int
    v: Array
    tau: float

    def apply(self, at: Setting, work: Array, start: int) -> None:
        """Reflect the columns of `work` from `start` on, in place.

        ``w = v.T @ work``, sums over the rows in order; ``work = work - v (tau w)``.
        """
        fl, part = at.fl, work[self.first :, start:]
        if self.tau and part.shape[1]:
            scaled = fl.mul(self.tau, at.combine(self.v, part))
            work[self.first :, start:] = fl.sub(part, fl.mul(self.v[:, None], scaled))


def reflect(at: Setting, work: Array, columns: int, tick: Callable[[int], None]) -> list[Reflection]:
    """Make the first columns of `work` upper triangular, in place, and return the reflections.

    For each column k, x being its part from the diagonal on: ``alpha = -sign(x[0]) sqrt(x . x)``;
    ``v = x / (x[0] - alpha)`` behind v[0] = 1; ``tau = (alpha - x[0]) / alpha``.  The column becomes alpha and zeros,
    the columns behind it are reflected.  A column whose norm is zero stays as it is.
    """
    fl, done = at.fl, []
    for k in range(min(columns, len(work) - 1)):
        x = work[k:, k].copy()
        alpha = -np.copysign(at.norm(x), x[0])
        if alpha == 0:
            tick(k + 1)
            continue
        v = np.concatenate([[1.0], np.atleast_1d(fl.div(x[1:], fl.sub(x[0], alpha)))])
        one = Reflection(k, v, float(fl.div(fl.sub(alpha, x[0]), alpha)))
        work[k, k], work[k + 1 :, k] = alpha, 0.0
        one.apply(at, work, k + 1)
        done.append(one)
        tick(k + 1)
    return done


def assemble_reflections(at: Setting, done: list[Reflection], rows: int, columns: int) -> Array:
    """Return the first columns of the product of the reflections: the last one is applied to unit vectors first."""
    q = np.eye(rows, columns)
    for one in reversed(done):
        one.apply(at, q, 0)
    return q
