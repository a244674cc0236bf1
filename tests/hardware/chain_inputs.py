"""Operands that tell chains, trees and integer sums apart, in classes, for units whose every operation is rounded."""

from __future__ import annotations

import numpy as np

from chopper.formats.registry import get
from chopper.hardware.base import Unit

__all__ = ["classes", "tiles"]

_FLOATS = ("mid", "wide", "tiny", "boundary", "huge", "cancel", "near", "zeros", "special", "bits")
_INTEGERS = ("bits", "edges", "extreme")


def classes(unit: Unit) -> tuple[str, ...]:
    """Return the names of the classes of a unit."""
    return _INTEGERS if unit.c == "int32" else _FLOATS


def tiles(unit: Unit, name: str, shape: tuple[int, int, int], count: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return codes a [count, m, k], b [count, n, k] and c [count, m, n]."""
    rng = np.random.default_rng([seed, len(unit.name), *unit.name.encode(), *name.encode()])
    m, n, k = shape
    if unit.c == "int32":
        return _integers(rng, unit, name, (count, m, k), (count, n, k), (count, m, n))
    a, b, c = (_Side(rng, name, get(fmt)) for fmt in (unit.a, unit.b, unit.c))
    x, y, z = a.factors((count, m, k), 0), b.factors((count, n, k), 1), c.addend((count, m, n))
    if name == "boundary":  # chains that start from zero come to 2^-126 first
        reach = a.fmt.emin + b.fmt.emin <= c.fmt.emin
        if reach:
            lead = rng.random((count, 1, 1)) < 0.7
            half = c.fmt.emin // 2
            x[..., :2] = np.where(lead, a.power(half), x[..., :2])
            y[..., :2] = np.where(lead, b.power(c.fmt.emin - half), y[..., :2])
            few = (np.arange(k) > 1) & (rng.random((count, m, k)) < 1 - 4 / max(k, 4))
            x = np.where(few, x & a.sign, x)
    if name == "cancel" and k > 1:
        half = k // 2
        order = rng.permutation(half)
        x[..., half : 2 * half], y[..., half : 2 * half] = x[..., order] ^ a.sign, y[..., order]
    return x, y, z


class _Side:
    """One operand: its format, and codes in it."""

    def __init__(self, rng: np.random.Generator, name: str, fmt: object) -> None:
        self.rng, self.name, self.fmt = rng, name, fmt
        self.dtype = np.dtype(f"u{fmt.bits // 8}")
        self.sign = self.dtype.type(fmt.sign_code)
        self.t = fmt.fraction_bits

    def power(self, exponent: int) -> int:
        """Return the code of a power of two, as near as the format comes."""
        return (min(max(exponent, self.fmt.emin), self.fmt.emax) + self.fmt.bias) << self.t

    def codes(self, low: int, high: int, shape: tuple[int, ...], few: bool = False) -> np.ndarray:
        """Return numbers with exponents from `low` to `high`, of few bits or of all; below emin: subnormal ones."""
        rng, fmt = self.rng, self.fmt
        field = np.clip(rng.integers(low, high + 1, shape) + fmt.bias, 0, fmt.emax + fmt.bias).astype(np.uint64)
        fraction = rng.integers(0, 1 << self.t, shape, dtype=np.uint64)
        keep = np.where(rng.random(shape) < (0.9 if few else 0.3), self.t - 2, 0).astype(np.uint64)
        fraction = (fraction >> keep) << keep
        sign = rng.integers(0, 2, shape, dtype=np.uint64) * np.uint64(int(self.sign))
        return ((field << np.uint64(self.t)) | fraction | sign).astype(self.dtype)

    def factors(self, shape: tuple[int, ...], side: int) -> np.ndarray:
        """Return factors of the class."""
        emin, emax = self.fmt.emin, self.fmt.emax
        if self.name == "bits":
            return self._bits(shape)
        if self.name == "special":
            return self._special(self.codes(-6, 7, shape), 0.1)
        if self.name == "zeros":
            return self._zeros(shape)
        low, high = {
            "mid": (-3, 3), "wide": (-27, 27),
            "tiny": (emin // 2 - 12, emin // 2 + 6) if side else (emin // 2 - 6, emin // 2),
            "boundary": (emin // 2 - 13, emin // 2 - 3), "huge": (emax // 2 - 6, emax // 2 + 8), "cancel": (-6, 6),
            "near": (-4, 0),
        }[self.name]  # fmt: skip
        return self.codes(low, high, shape, few=self.name == "boundary")

    def addend(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return what products of the class are added to."""
        rng, fmt = self.rng, self.fmt
        emin, emax, t = fmt.emin, fmt.emax, self.t
        if self.name == "bits":
            return self._bits(shape)
        if self.name == "special":
            return self._special(self.codes(-6, 7, shape), 0.3)
        if self.name == "zeros":
            return self._zeros(shape)
        if self.name == "boundary":
            near = np.uint64((1 << t) - 4) + rng.integers(0, 12, shape, dtype=np.uint64)
            return (near | rng.integers(0, 2, shape, dtype=np.uint64) * np.uint64(fmt.sign_code)).astype(self.dtype)
        low, high = {
            "mid": (-4, 6), "wide": (-70, 70), "tiny": (emin - t, emin + 7), "huge": (emax - 20, emax),
            "cancel": (-40, 10), "near": (t - 4, t + 1),
        }[self.name]  # fmt: skip
        found = self.codes(low, high, shape)
        return np.where(rng.random(shape) < 0.15, found & self.sign, found)

    def _bits(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.rng.integers(0, 1 << self.fmt.bits, shape, dtype=np.uint64).astype(self.dtype)

    def _zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return zeros and subnormal numbers, and few others."""
        tiny = self.codes(self.fmt.emin - 1, self.fmt.emin - 1, shape)
        found = np.where(self.rng.random(shape) < 0.5, tiny & self.sign, tiny)
        return np.where(self.rng.random(shape) < 0.1, self.codes(-1, 1, shape), found)

    def _special(self, codes: np.ndarray, share: float) -> np.ndarray:
        inf, t = self.fmt.infinity_code, self.t
        some = [0, inf, inf | 1 << (t - 1), inf | 1, 1, (1 << t) - 1, 1 << t, self.fmt.bias << t, self.fmt.max_code]
        some = np.array([code | sign for code in some for sign in (0, int(self.sign))], np.uint64).astype(self.dtype)
        put = self.rng.random(codes.shape) < share
        return np.where(put, some[self.rng.integers(0, some.size, codes.shape)], codes)


def _integers(
    rng: np.random.Generator, unit: Unit, name: str, *shapes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sides = []
    for fmt, shape in zip((unit.a, unit.b), shapes[:2], strict=True):
        bits = get(fmt).bits
        codes = rng.integers(0, 1 << bits, shape)
        if name == "extreme":  # -2^(n-1), -1, 0, 2^(n-1) - 1, 2^n - 1
            ends = np.array([1 << (bits - 1), (1 << bits) - 1, 0, (1 << (bits - 1)) - 1])
            codes = np.where(rng.random(shape) < 0.9, ends[rng.integers(0, 4, shape)], codes)
        sides.append(codes.astype(f"u{bits // 8}"))
    c = rng.integers(0, 1 << 32, shapes[2])
    if name != "bits":
        width = 1 << rng.integers(1, 26, shapes[2])
        edge = rng.integers(0, 1 << 26, shapes[2]) % width
        c = np.where(rng.random(shapes[2]) < 0.5, (1 << 31) - 1 - edge, (1 << 31) + edge)
    return sides[0], sides[1], c.astype(np.uint32)
