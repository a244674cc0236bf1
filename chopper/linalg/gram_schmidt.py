"""The modified Gram-Schmidt process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chopper.linalg.breakdown import BreakdownError
from chopper.linalg.setting import Array, Setting

__all__ = ["orthogonalise"]


def orthogonalise(at: Setting, work: Array, columns: int, tick: Callable[[int], None]) -> tuple[Array, Array]:
    """Return Q and R of the first columns; those behind them are orthogonalised against Q, and R has theirs too.

    For each k: ``r[k,k] = sqrt(a_k . a_k)``; ``q_k = a_k / r[k,k]``; for j > k ``r[k,j] = q_k . a_j`` and
    ``a_j = a_j - q_k r[k,j]``.  Sums go over the rows in order.

    Raises
    ------
    BreakdownError
        If a norm is zero or not finite.
    """
    fl, left = at.fl, work.copy()
    q, r = np.zeros((len(work), columns)), np.zeros((columns, work.shape[1]))
    for k in range(columns):
        r[k, k] = at.norm(left[:, k])
        if not 0 < r[k, k] < np.inf:
            raise BreakdownError(
                f"what is left of column {k + 1} has norm {r[k, k]:g} in {fl.fmt}: it depends on the columns before, "
                "or its squares over- or underflow; use method='householder', scale the matrix, or use a wider format"
            )
        q[:, k] = fl.div(left[:, k], r[k, k])
        if k + 1 < work.shape[1]:
            r[k, k + 1 :] = at.combine(q[:, k], left[:, k + 1 :])
            left[:, k + 1 :] = fl.sub(left[:, k + 1 :], fl.mul(q[:, k, None], r[k, k + 1 :]))
        tick(k + 1)
    return q, r
