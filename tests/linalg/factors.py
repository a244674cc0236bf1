"""Factorizations as loops over single numbers, in orders other than those of the package where no bit depends on it."""

from __future__ import annotations

import math

from tests.linalg.scalar import Scalar

__all__ = ["cholesky", "givens", "householder", "lu", "mgs", "reflected", "rotated", "substitute"]

Matrix = list[list[float]]


def lu(r: Scalar, a: Matrix) -> tuple[Matrix, list[int]]:
    """Factor by columns (left-looking): a column meets all earlier ones at once."""
    m, n = len(a), len(a[0])
    work, rows = [list(row) for row in a], list(range(m))
    for j in range(n):
        for k in range(min(j, m)):
            for i in range(k + 1, m):
                work[i][j] = r.sub(work[i][j], r.mul(work[i][k], work[k][j]))
        if j >= m:
            continue
        pivot = max(range(j, m), key=lambda i: (abs(work[i][j]), -i))
        work[j], work[pivot] = work[pivot], work[j]
        rows[j], rows[pivot] = rows[pivot], rows[j]
        for i in range(j + 1, m):
            if work[j][j]:
                work[i][j] = r.div(work[i][j], work[j][j])
    return work, rows


def cholesky(r: Scalar, a: Matrix) -> Matrix:
    """Factor row by row: every number of L at once."""
    n = len(a)
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            s = a[i][j]
            for k in range(j):
                s = r.sub(s, r.mul(low[i][k], low[j][k]))
            low[i][j] = r.sqrt(s) if i == j else r.div(s, low[j][j])
    return low


def substitute(r: Scalar, t: Matrix, b: list[float], lower: bool, unit: bool = False) -> list[float]:
    """Solve row by row: every unknown at once."""
    n = len(t)
    x = [0.0] * n
    for i in range(n) if lower else reversed(range(n)):
        s = b[i]
        for k in range(i) if lower else reversed(range(i + 1, n)):
            s = r.sub(s, r.mul(t[i][k], x[k]))
        x[i] = s if unit else r.div(s, t[i][i])
    return x


def householder(r: Scalar, a: Matrix, columns: int) -> tuple[Matrix, list[tuple[int, list[float], float]]]:
    """Reduce columns by reflections; each column behind is reflected by itself."""
    work, m = [list(row) for row in a], len(a)
    done = []
    for k in range(min(columns, m - 1)):
        x = [work[i][k] for i in range(k, m)]
        norm = r.norm(x)
        if norm == 0:
            continue
        alpha = -math.copysign(norm, x[0])
        below = r.sub(x[0], alpha)
        v = [1.0] + [r.div(one, below) for one in x[1:]]
        tau = r.div(r.sub(alpha, x[0]), alpha)
        reflected(r, (k, v, tau), work, k + 1)
        for i in range(k, m):
            work[i][k] = alpha if i == k else 0.0
        done.append((k, v, tau))
    return work, done


def reflected(r: Scalar, one: tuple[int, list[float], float], work: Matrix, start: int) -> None:
    """Reflect the columns from `start` on, in place."""
    k, v, tau = one
    for j in range(start, len(work[0])):
        column = [work[i][j] for i in range(k, len(work))]
        scaled = r.mul(tau, r.dot(v, column))
        for i, (c, w) in enumerate(zip(column, v, strict=True)):
            work[k + i][j] = r.sub(c, r.mul(w, scaled))


def rotation(r: Scalar, a: float, b: float) -> tuple[float, float]:
    """Return cosine and sine."""
    if b == 0:
        return 1.0, 0.0
    steep = abs(b) > abs(a)
    t = r.div(a, b) if steep else r.div(b, a)
    large = r.div(1.0, r.sqrt(r.add(1.0, r.mul(t, t))))
    small = r.mul(large, t)
    return (small, large) if steep else (large, small)


def givens(r: Scalar, a: Matrix, columns: int) -> tuple[Matrix, list[tuple[int, float, float]]]:
    """Reduce columns by rotations, one after the other, column by column from the last row up."""
    work, m = [list(row) for row in a], len(a)
    done = []
    for j in range(min(columns, m - 1)):
        for i in range(m - 1, j, -1):
            c, s = rotation(r, work[i - 1][j], work[i][j])
            rotated(r, (i - 1, c, s), work, j)
            work[i][j] = 0.0
            done.append((i - 1, c, s))
    return work, done


def rotated(r: Scalar, one: tuple[int, float, float], work: Matrix, start: int) -> None:
    """Rotate two rows from column `start` on, in place."""
    i, c, s = one
    for j in range(start, len(work[0])):
        a, b = work[i][j], work[i + 1][j]
        work[i][j] = r.add(r.mul(c, a), r.mul(s, b))
        work[i + 1][j] = r.sub(r.mul(c, b), r.mul(s, a))


def mgs(r: Scalar, a: Matrix, columns: int) -> tuple[Matrix, Matrix]:
    """Orthogonalise, column by column."""
    m, n = len(a), len(a[0])
    left = [[a[i][j] for i in range(m)] for j in range(n)]
    tri = [[0.0] * n for _ in range(columns)]
    q = []
    for k in range(columns):
        tri[k][k] = r.norm(left[k])
        q.append([r.div(one, tri[k][k]) for one in left[k]])
        for j in range(k + 1, n):
            tri[k][j] = r.dot(q[k], left[j])
            left[j] = [r.sub(c, r.mul(w, tri[k][j])) for c, w in zip(left[j], q[k], strict=True)]
    return [[q[k][i] for k in range(columns)] for i in range(m)], tri
