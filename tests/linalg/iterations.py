"""Iterative methods, transforms and steps as loops over single numbers."""

from __future__ import annotations

from collections.abc import Callable

from tests.linalg.factors import Matrix, rotation, substitute
from tests.linalg.scalar import Scalar

__all__ = ["cg", "fft", "gmres_cycle", "power", "product", "runge_kutta"]

Vector = list[float]
Complex = tuple[float, float]


def product(r: Scalar, a: Matrix, x: Vector) -> Vector:
    """Return a x, row by row."""
    return [r.dot(row, x) for row in a]


def axpy(r: Scalar, x: Vector, factor: float, y: Vector) -> Vector:
    """Return x + factor y."""
    return [r.add(one, r.mul(factor, other)) for one, other in zip(x, y, strict=True)]


def cg(r: Scalar, a: Matrix, b: Vector, steps: int) -> tuple[Vector, Vector]:
    """Return x after some steps, and the squares of the norms of the residual."""
    x, left, p = [0.0] * len(b), list(b), list(b)
    rho = [r.dot(left, left)]
    for _ in range(steps):
        q = product(r, a, p)
        alpha = r.div(rho[-1], r.dot(p, q))
        x = axpy(r, x, alpha, p)
        left = [r.sub(one, r.mul(alpha, other)) for one, other in zip(left, q, strict=True)]
        rho.append(r.dot(left, left))
        p = axpy(r, left, r.div(rho[-1], rho[-2]), p)
    return x, rho


def gmres_cycle(r: Scalar, apply: Callable[[Vector], Vector], b: Vector, steps: int) -> tuple[Vector, Vector]:
    """Return the correction of one cycle, and the norms of the residual."""
    beta = r.norm(b)
    basis = [[r.div(one, beta) for one in b]]
    columns, turns, g, norms = [], [], [beta], [beta]
    for j in range(steps):
        w = apply(basis[j])
        h = []
        for v in basis:
            h.append(r.dot(v, w))
            w = [r.sub(one, r.mul(h[-1], other)) for one, other in zip(w, v, strict=True)]
        h.append(r.norm(w))
        basis.append([r.div(one, h[-1]) for one in w] if h[-1] else w)
        for i, (c, s) in enumerate(turns):
            h[i], h[i + 1] = turn(r, c, s, h[i], h[i + 1])
        c, s = rotation(r, h[j], h[j + 1])
        turns.append((c, s))
        h[j] = turn(r, c, s, h[j], h[j + 1])[0]
        g[j:] = turn(r, c, s, g[j], 0.0)
        norms.append(abs(g[j + 1]))
        columns.append(h[: j + 1])
    triangle = [[columns[j][i] if i <= j else 0.0 for j in range(steps)] for i in range(steps)]
    y = substitute(r, triangle, g[:steps], False)
    d = [r.mul(y[0], one) for one in basis[0]]
    for i in range(1, steps):
        d = [r.add(one, r.mul(y[i], other)) for one, other in zip(d, basis[i], strict=True)]
    return d, norms


def turn(r: Scalar, c: float, s: float, a: float, b: float) -> tuple[float, float]:
    """Turn a pair."""
    return r.add(r.mul(c, a), r.mul(s, b)), r.sub(r.mul(c, b), r.mul(s, a))


def power(r: Scalar, a: Matrix, x: Vector, steps: int) -> tuple[Vector, Vector]:
    """Return the quotients and the last vector."""
    v, quotients = [r.div(one, r.norm(x)) for one in x], []
    for _ in range(steps):
        w = product(r, a, v)
        quotients.append(r.dot(v, w))
        norm = r.norm(w)
        v = [r.div(one, norm) for one in w]
    return quotients, v


def fft(r: Scalar, x: list[Complex], w: Callable[[int, int], Complex]) -> list[Complex]:
    """Transform by recursion: even and odd places first; w(k, n) is the rounded exp(-2 pi i k / n)."""
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(r, x[0::2], w), fft(r, x[1::2], w)
    found: list[Complex] = [(0.0, 0.0)] * n
    for k in range(n // 2):
        (c, s), (a, b) = w(k, n), odd[k]
        t = r.sub(r.mul(c, a), r.mul(s, b)), r.add(r.mul(c, b), r.mul(s, a))
        found[k] = (r.add(even[k][0], t[0]), r.add(even[k][1], t[1]))
        found[k + n // 2] = (r.sub(even[k][0], t[0]), r.sub(even[k][1], t[1]))
    return found


def runge_kutta(r: Scalar, f: Callable[[float, Vector], Vector], y: Vector, h: float, steps: int) -> list[Vector]:
    """Return all states of the classical method, t0 = 0."""
    step = r.round(h)
    half, sixth = r.round(step / 2), r.round(step / 6)
    states = [y]
    for k in range(steps):
        t, middle, end = (r.round((k + part) * step) for part in (0.0, 0.5, 1.0))
        k1 = f(t, y)
        k2 = f(middle, axpy(r, y, half, k1))
        k3 = f(middle, axpy(r, y, half, k2))
        k4 = f(end, axpy(r, y, step, k3))
        total = axpy(r, axpy(r, k1, 2.0, k2), 2.0, k3)
        total = [r.add(a, b) for a, b in zip(total, k4, strict=True)]
        y = axpy(r, y, sixth, total)
        states.append(y)
    return states
