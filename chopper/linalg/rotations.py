"""Givens rotations, in waves of rotations that touch no row in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chopper.linalg.machine import Rounded
from chopper.linalg.setting import Array, Setting

__all__ = ["Wave", "assemble_rotations", "rotate", "rotation"]


@dataclass(frozen=True)
class Wave:
    """Rotations of the rows ``upper`` and ``upper + 1``, by the cosines c and the sines s."""

    upper: npt.NDArray[np.intp]
    c: Array
    s: Array

    def apply(self, fl: Rounded, work: Array, first: npt.NDArray[np.intp], *, inverse: bool = False) -> None:
        """Rotate in place: ``(c a + s b, c b - s a)`` in each column from `first` on, one for each pair of rows.

        Both products are rounded, then the sum.
        """
        a, b = work[self.upper], work[self.upper + 1]
        c, s = self.c[:, None], (-self.s if inverse else self.s)[:, None]
        kept = np.arange(work.shape[1]) < first[:, None]
        work[self.upper] = np.where(kept, a, fl.add(fl.mul(c, a), fl.mul(s, b)))
        work[self.upper + 1] = np.where(kept, b, fl.sub(fl.mul(c, b), fl.mul(s, a)))


def rotation(fl: Rounded, a: Array, b: Array) -> tuple[Array, Array]:
    """Return cosines and sines that turn (a, b) into (r, 0), without overflow of squares.

    Where ``|b| > |a|``: ``t = a / b``, ``s = 1 / sqrt(1 + t t)``, ``c = s t``; else ``t = b / a``,
    ``c = 1 / sqrt(1 + t t)``, ``s = c t``; where b is zero: c = 1, s = 0.  (Golub, Van Loan, Matrix Computations,
    4th ed., section 5.1.8.)
    """
    steep, none = np.abs(b) > np.abs(a), b == 0
    t = fl.div(np.where(steep, a, b), np.where(none, 1.0, np.where(steep, b, a)))
    large = fl.div(1.0, fl.sqrt(fl.add(1.0, fl.mul(t, t))))
    small = fl.mul(large, t)
    c, s = np.where(steep, small, large), np.where(steep, large, small)
    return np.where(none, 1.0, c), np.where(none, 0.0, s)


def rotate(at: Setting, work: Array, columns: int, tick: Callable[[int], None]) -> list[Wave]:
    """Make the first columns of `work` upper triangular, in place, and return the waves.

    Column by column, the entries vanish from the last row up, each by a rotation of its row with the row above.  A
    rotation of column j at row i belongs to wave ``rows - 1 - i + 2 j``: those of one wave touch different rows, are
    done at once, and give the same bits as one after the other.  In random modes one wave takes one key an operation.
    """
    rows, done = len(work), []
    reduced = min(columns, rows - 1)
    last = rows - 2 + reduced if reduced else 0
    for wave in range(last):
        j = np.arange(reduced)
        i = rows - 1 - wave + 2 * j
        chosen = (i < rows) & (i > j)
        j, upper = j[chosen], i[chosen] - 1
        c, s = rotation(at.fl, work[upper, j], work[upper + 1, j])
        one = Wave(upper, c, s)
        one.apply(at.fl, work, j)
        work[upper + 1, j] = 0.0
        done.append(one)
        tick(min(wave + 1, columns))
    return done


def assemble_rotations(at: Setting, done: list[Wave], rows: int, columns: int) -> Array:
    """Return the first columns of the product of the inverse rotations: the last wave is undone first."""
    q = np.eye(rows, columns)
    for one in reversed(done):
        one.apply(at.fl, q, np.zeros(len(one.upper), np.intp), inverse=True)
    return q
