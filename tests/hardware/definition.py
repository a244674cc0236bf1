"""The definition of truncated fused sums, in fractions; and inputs that tell models apart."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from chopper.formats.registry import get

__all__ = ["CLASSES", "fused", "inputs"]

Number = Fraction | float
QUARTERS = [k for k in range(32) if k % 4 < 2] + [k for k in range(32) if k % 4 >= 2]
FORMS = {"fp32": (23, 127), "fp16": (10, 15)}


def number(code: int, name: str) -> Number:
    """Return the value of a code; in tf32 of a code of float32, without its low bits."""
    return get(name).value(code >> 13 if name == "tf32" else code)


def exponent(x: Fraction, emin: int) -> int:
    """Return floor(log2(abs(x))), at least emin."""
    n, d = abs(x.numerator), x.denominator
    e = n.bit_length() - d.bit_length()
    if Fraction(2) ** e > Fraction(n, d):
        e -= 1
    return max(e, emin)


def emin(name: str) -> int:
    """Return the exponent of the smallest normal number."""
    return 1 - get(name).bias  # type: ignore[attr-defined]


def encoded(x: Number, name: str, precision: int, mode: str) -> int:
    """Round to so many bits in the range of fp32 or fp16, and return the code; zero is +0."""
    digits, bias = FORMS[name]
    inf = (2 * bias + 1) << digits
    sign = inf + (1 << digits)
    if isinstance(x, float) and not math.isfinite(x):
        return sign - 1 if math.isnan(x) else inf | (sign if x < 0 else 0)
    x = Fraction(x)
    if x == 0:
        return 0
    quantum = Fraction(2) ** (exponent(x, 1 - bias) - precision + 1)
    n = round(abs(x) / quantum) if mode == "nearest_even" else math.floor(abs(x) / quantum)
    size = n * quantum
    if size == 0:
        return 0
    if size >= Fraction(2) ** (bias + 1):
        return inf | (sign if x < 0 else 0)
    e = exponent(size, 1 - bias)
    fraction = size / Fraction(2) ** (e - digits)
    assert fraction.denominator == 1
    return ((e + bias - 1) << digits) + int(fraction) | (sign if x < 0 else 0)


def block(model: Any, a: list[int], b: list[int], c: int, names: tuple[str, str, str]) -> int:
    """Return the code of one fused sum."""
    xs, ys, z = [number(x, names[0]) for x in a], [number(y, names[1]) for y in b], number(c, names[2])
    numbers = [*xs, *ys, z]
    if any(isinstance(x, float) and not math.isfinite(x) for x in numbers):
        total = math.fsum([0.0]) + sum(_tame(x) * _tame(y) for x, y in zip(xs, ys, strict=True)) + _tame(z)
        if not math.isfinite(total):
            return encoded(total, names[2], model.precision, model.rounding)
    pairs = [(Fraction(x) * Fraction(y), exponent(Fraction(x), emin(names[0])) + exponent(Fraction(y), emin(names[1])))
             for x, y in zip(xs, ys, strict=True) if x != 0 and y != 0]  # fmt: skip
    if z != 0:
        pairs.append((Fraction(z), exponent(Fraction(z), emin(names[2]))))
    top = max([e for _, e in pairs] + ([] if model.floor is None else [model.floor]), default=0)
    unit = Fraction(2) ** (top - model.fraction)
    return encoded(sum(math.trunc(x / unit) for x, _ in pairs) * unit, names[2], model.precision, model.rounding)


def _tame(x: Number) -> float:
    if isinstance(x, float) and not math.isfinite(x):
        return x
    return math.copysign(1.0, x) if x else 0.0


def chain(model: Any, a: list[int], b: list[int], c: int, names: tuple[str, str, str]) -> int:
    """Return the code of blocks in turn."""
    for k in range(0, len(a), model.terms):
        c = block(model, a[k : k + model.terms], b[k : k + model.terms], c, names)
    return c


def fused(model: Any, a: list[int], b: list[int], c: int, names: tuple[str, str, str]) -> int:
    """Return the code of a sum."""
    if model.order == "quarters":
        a, b = ([x[k + q] if k + q < len(x) else 0 for k in range(0, len(x), 32) for q in QUARTERS] for x in (a, b))
    if model.promote is None:
        return chain(model, a, b, c, names)
    for k in range(0, len(a), model.promote):
        part = slice(k, k + model.promote)
        c = added(c, chain(model, a[part], b[part], 0, names), names[2])
    return c


def added(x: int, y: int, name: str) -> int:
    """Return the code of a sum to nearest even; -0 + -0 is -0."""
    precision = FORMS[name][0] + 1
    u, v = number(x, name), number(y, name)
    if all(not isinstance(w, float) or w == 0 for w in (u, v)):
        both = x == y == 1 << (get(name).bits - 1)
        return x if both else encoded(Fraction(u) + Fraction(v), name, precision, "nearest_even")
    return encoded(_tame(u) + _tame(v), name, precision, "nearest_even")


CLASSES = ("normal", "spread", "tiny", "special", "bits", "cancel", "positive", "edge")
"""Kinds of inputs."""


def inputs(name: str, kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return codes of a format."""
    fmt = get("fp32" if name == "tf32" else name)
    bits, half = fmt.bits, 1 << (fmt.bits - 1)
    dtype = f"u{max(bits, 8) // 8}"
    digits, bias = fmt.fraction_bits, fmt.bias
    one = bias << digits
    fraction = rng.integers(0, 1 << digits, shape)
    sign = rng.integers(0, 2, shape) * half
    width = {"normal": 2, "spread": 14, "cancel": 3, "positive": 3, "edge": 1, "special": 3}.get(kind, 1)
    field = np.clip(bias + rng.integers(-width, width + 1, shape), 0, (fmt.max_code >> digits) - 1)
    codes = (field << digits) | fraction | (0 if kind == "positive" else sign)
    if kind == "bits":
        codes = rng.integers(0, 1 << bits, shape)
    elif kind == "tiny":
        least = bias - 70 - rng.integers(0, 7) if fmt.exponent_bits == 8 else 0
        codes = ((least + rng.integers(0, 3, shape)) << digits) | fraction | sign
    elif kind == "cancel":
        size = shape[-1] // 2
        codes[..., size : 2 * size] = codes[..., :size] ^ (half if rng.random() < 0.5 else 0)
    elif kind == "edge":
        codes = np.where(rng.random(shape) < 0.3, fmt.max_code | sign, one | sign)
        codes = np.where(rng.random(shape) < 0.2, sign, codes)
    elif kind == "special":
        pick = rng.random(shape)
        codes = np.where(pick < 0.04, ((1 << bits) - 1) ^ (half - (half & -2)), codes)
        codes = np.where((pick > 0.04) & (pick < 0.08), (fmt.max_code + 1) | sign, codes)
        codes = np.where(pick > 0.9, sign, codes)
    return codes.astype(dtype)
