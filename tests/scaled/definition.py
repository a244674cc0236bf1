"""Shared scales by definition: in fractions, one block and one element at a time; nothing of the engine.

A block is a set of indices.  A scale is found by looking through the values of its format, or by the definitions of
`tests.oracle`; an element is rounded by the definition of its family.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import isqrt
from typing import NamedTuple

import numpy as np

from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.level import Block
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.scale_rule import Direction, Loss, ScaleRule, Specials, Statistic, Target
from chopper.formats.scaled import ScaledFormat
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow, Rounding
from tests import oracle
from tests.families import fixed_oracle, posit_oracle
from tests.families.definition import Definition

__all__ = ["Answer", "answer"]

MODES = {Direction.DOWN: "toward_zero", Direction.UP: "away_from_zero", Direction.NEAREST: "nearest_even"}
IEEE = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64"}


class Answer(NamedTuple):
    """What the definition says."""

    codes: np.ndarray
    scales: tuple[np.ndarray, ...]
    points: np.ndarray
    values: np.ndarray


def answer(
    x: np.ndarray, fmt: ScaledFormat, mode: str = "nearest_even", *, axis=-1, words=None, bits: int = 32, given=None
) -> Answer:
    """Return codes, scales (innermost first), zero points and values of an array, by definition."""
    return _Work(x, fmt, Rounding.parse(mode), axis, words, bits, given).run()


class _Work:
    def __init__(self, x, fmt, mode, axis, words, bits, given):
        self.fmt, self.mode, self.bits = fmt, mode, bits
        self.x = x if x.ndim else x.reshape(1)
        self.shape, self.dtype = x.shape, x.dtype
        self.words = np.zeros(self.x.shape, np.uint32) if words is None else words.reshape(self.x.shape)
        self.given = given
        self.sizes = [_sizes(level.block, self.x.shape, axis) for level in fmt.levels]
        self.numbers = np.empty(self.x.shape, object)
        for index in np.ndindex(self.x.shape):
            self.numbers[index] = oracle.exact(float(self.x[index]))

    def blocks(self, level: int) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
        found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for index in np.ndindex(self.x.shape):
            found.setdefault(self.at(index, level), []).append(index)
        return found

    def at(self, index: tuple[int, ...], level: int) -> tuple[int, ...]:
        return tuple(i // size for i, size in zip(index, self.sizes[level], strict=True))

    def run(self) -> Answer:
        fmt = self.fmt
        poisoned = self.poisoned()
        grids = [tuple(-(-n // s) for n, s in zip(self.x.shape, sizes, strict=True)) for sizes in self.sizes]
        codes = [np.zeros(grid, np.uint64) for grid in grids]
        values = [np.empty(grid, object) for grid in grids]
        targets = _targets(fmt)
        for level in reversed(range(len(fmt.levels))):
            for block, members in self.blocks(level).items():
                above = Fraction(1)
                for outer in range(level + 1, len(fmt.levels)):
                    found = values[outer][self.at(members[0], outer)]
                    above = None if above is None or found is None else above * found
                rest = [m for m in members if m not in poisoned]
                codes[level][block], values[level][block] = self.scale(level, block, rest, targets[level], above)
        at = next((i for i, one in enumerate(fmt.levels) if _nan(one.scale) is not None), None)
        for index in poisoned:
            codes[at][self.at(index, at)] = _nan(fmt.levels[at].scale)
            values[at][self.at(index, at)] = None
        return self.finish(codes, values)

    def poisoned(self) -> set[tuple[int, ...]]:
        """Return the elements that NaN, or infinities, take with them."""
        if self.fmt.specials is Specials.ELEMENT:
            return set()
        at = next((i for i, level in enumerate(self.fmt.levels) if _nan(level.scale) is not None), None)
        if at is None:
            return set()
        kills = (lambda v: not np.isfinite(v)) if self.fmt.specials is Specials.BLOCK else np.isnan
        bad = [m for m in self.blocks(at).values() if any(kills(self.x[i]) for i in m)]
        return set(itertools.chain.from_iterable(bad))

    def finite(self, members: Iterable[tuple[int, ...]]) -> list[Fraction]:
        return [Fraction(self.numbers[i]) for i in members if np.isfinite(self.x[i])]

    def scale(self, level, block, members, target, above):
        """Return the code and the value of a scale; None for a scale that is no number."""
        fmt, rule = self.fmt, self.fmt.levels[level].rule
        if self.given is not None and level == len(fmt.levels) - 1:
            number = Fraction(float(np.broadcast_to(self.given, self.grid(level))[block]))
            return _rounded(number, False, replace(rule, least=0), fmt.levels[level].scale)
        if above == 0 or above is None:
            return _rounded(Fraction(0), False, rule, fmt.levels[level].scale)
        if level or not rule.choose:
            return self.try_scale(level, members, target, above)
        best = None
        for one in (target, *rule.choose):
            code, value = self.try_scale(level, members, one, above)
            loss = self.loss(members, value * above)
            if best is None or loss < best[0]:
                best = (loss, code, value)
        return best[1:]

    def grid(self, level):
        return tuple(-(-n // s) for n, s in zip(self.x.shape, self.sizes[level], strict=True))

    def try_scale(self, level, members, target, above):
        rule = self.fmt.levels[level].rule
        number, root = _statistic(self.finite(members), rule.statistic)
        if rule.before:
            number = _ties_away(number, _precision(self.fmt.element))
        number = max(number, rule.least ** (2 if root else 1))
        divisor = target * above
        return _rounded(number / (divisor**2 if root else divisor), root, rule, self.fmt.levels[level].scale)

    def loss(self, members, scale) -> float:
        """Return the loss of a block in float64 arithmetic, in the order of its elements."""
        errors = []
        for index in members:
            value = self.element_value(index, scale) * scale
            got = float(oracle.round_value(get("fp64"), value, "nearest_even"))
            errors.append(abs(float(self.x[index]) - got))
        kind = self.fmt.rule.loss
        if kind is Loss.LARGEST:
            return max(errors, default=0.0)
        total = 0.0
        for error in errors:
            total += error * error if kind is Loss.SQUARES else error
        return total

    def element_value(self, index, scale) -> Fraction:
        value = self.fmt.element.value(self.code(index, scale))
        return Fraction(value)

    def code(self, index, scale) -> int:
        number = self.numbers[index]
        if isinstance(number, Fraction):
            number = number / scale if scale else Fraction(0)
        if number == 0 and float(self.x[index]) < 0:
            number = -0.0
        return element_code(self.fmt, number, self.mode, int(self.words[index]), self.bits)

    def finish(self, codes, values) -> Answer:
        fmt = self.fmt
        out = np.zeros(self.x.shape, np.uint64)
        decoded = np.zeros(self.x.shape, self.dtype)
        points = np.zeros(self.grid(0), np.int64)
        lows = {}
        if fmt.zero_point:
            lows = {b: min([*self.finite(m), Fraction(0)]) for b, m in self.blocks(0).items()}
        for index in np.ndindex(self.x.shape):
            scale, block = Fraction(1), self.at(index, 0)
            for level in range(len(fmt.levels)):
                found = values[level][self.at(index, level)]
                scale = None if scale is None or found is None else scale * found
            if scale is None:
                decoded[index] = np.nan
                continue
            if fmt.zero_point:
                top = int(fmt.element.max)
                z = points[block] = min(max(round(-lows[block] / scale) if scale else 0, 0), top)
                number = Fraction(self.numbers[index]) / scale if scale else Fraction(0)
                wide = FixedFormat(integer_bits=fmt.bits + 4, fraction_bits=0)
                k = fixed_oracle.round_integer(
                    wide, number, self.mode, word=int(self.words[index]), random_bits=self.bits
                )
                out[index] = min(max(k + int(z), 0), top)
                value = Fraction(int(out[index]) - int(z))
            else:
                out[index] = self.code(index, scale)
                value = fmt.element.value(int(out[index]))
            decoded[index] = _stored(value, scale, self.dtype)
        scales = tuple(codes)
        return Answer(out.reshape(self.shape), scales, points, decoded.reshape(self.shape))


def element_code(fmt: ScaledFormat, number, mode: Rounding, word: int, bits: int) -> int:
    """Return the code of an element."""
    policy = Overflow.PROPAGATE if fmt.specials is Specials.ELEMENT else Overflow.SATURATE
    element = fmt.element
    if isinstance(element, TableFormat):
        return _definition(element).code(number, mode, policy, word, bits)
    judge = {FloatFormat: oracle, FixedFormat: fixed_oracle, PositFormat: posit_oracle}[type(element)]
    return judge.round_code(element, number, mode, overflow=policy, word=word, random_bits=bits)


@cache
def _definition(fmt: TableFormat) -> Definition:
    return Definition(fmt, 53)


def _stored(value, scale: Fraction, dtype) -> float:
    """Return element times scale in a dtype, rounded once."""
    if isinstance(value, float) and not (value == 0 and math.copysign(1, value) < 0):
        return value  # NaN and infinities
    negative = isinstance(value, float) or value < 0
    exact = abs(Fraction(value)) * scale
    number = float(oracle.round_value(get(IEEE[str(dtype)]), exact, "nearest_even"))
    return -number if negative else number


def _nan(fmt: Format) -> int | None:
    return getattr(fmt, "nan_code", None)


def _sizes(block: Block, shape: tuple[int, ...], axis) -> list[int]:
    rank = len(shape)
    if not block:
        return [max(n, 1) for n in shape]
    if isinstance(axis, tuple):
        axes = [a % rank for a in axis]
    else:
        last = axis % rank
        axes = [last - i for i in reversed(range(len(block)))]
    sizes = [1] * rank
    for a, length in zip(axes, block, strict=True):
        if a >= 0:
            sizes[a] = max(shape[a], 1) if length == -1 else length
    return sizes


def _targets(fmt: ScaledFormat) -> list[Fraction]:
    found, product, below = [], Fraction(1), fmt.element
    for level in fmt.levels:
        target = level.rule.target
        if target is Target.MAX:
            target = below.max
        elif target is Target.POWER:
            target = next(Fraction(2) ** k for k in range(200, -200, -1) if Fraction(2) ** k <= below.max)
        product *= target
        found.append(product)
        below = level.scale
    return found


def _statistic(values: list[Fraction], kind) -> tuple[Fraction, bool]:
    if isinstance(kind, Fraction):
        return kind, False
    if not values:
        return Fraction(0), False
    n = len(values)
    mean = sum(values) / n
    if kind is Statistic.MINMAX:
        return max(*values, Fraction(0)) - min(*values, Fraction(0)), False
    return {
        Statistic.AMAX: lambda: (max(map(abs, values)), False),
        Statistic.ABSMEAN: lambda: (sum(map(abs, values)) / n, False),
        Statistic.RMS: lambda: (sum(v * v for v in values) / n, True),
        Statistic.STD: lambda: (sum((v - mean) ** 2 for v in values) / n, True),
    }[kind]()


def _precision(fmt: Format) -> int:
    return fmt.precision if isinstance(fmt, FloatFormat) else fmt.bits - fmt.signed


def _ties_away(value: Fraction, precision: int) -> Fraction:
    if value == 0:
        return value
    k = value.numerator.bit_length() - value.denominator.bit_length()
    k -= Fraction(2) ** k > value
    unit = Fraction(2) ** (k - precision + 1)
    return math.floor(value / unit + Fraction(1, 2)) * unit


def _rounded(number: Fraction, root: bool, rule: ScaleRule, fmt: Format) -> tuple[int, Fraction]:
    """Round a positive number, or its square root, into a scale format."""
    if fmt.bits <= 8:
        code = _look(number, root, rule.direction, fmt)
    else:
        code = _scale_code(number, rule.direction, fmt) if not root else _root_code(number, rule.direction, fmt)
    if fmt.value(code) < rule.floor:
        code = _scale_code(rule.floor, Direction.UP, fmt)
    return code, Fraction(fmt.value(code))


def _scale_code(number: Fraction, direction: Direction, fmt: Format) -> int:
    judge = oracle if isinstance(fmt, FloatFormat) else fixed_oracle
    return judge.round_code(fmt, number, MODES[direction], overflow="saturate")


def _root_code(number: Fraction, direction: Direction, fmt: Format) -> int:
    """Round a square root by an enclosure of 400 bits."""
    if number == 0:
        return _scale_code(number, direction, fmt)
    unit = Fraction(1, 1 << 400)
    low = isqrt(math.floor(number / unit**2))
    ends = {
        _scale_code(end * unit, direction, fmt) for end in ((low,) if (low * unit) ** 2 == number else (low, low + 1))
    }
    return min(ends) if len(ends) == 1 else _undecided(number)


def _undecided(number):
    raise ArithmeticError(f"the root of {number} lies too close to a border")


@cache
def _list(fmt: Format) -> tuple[list[Fraction], list[int]]:
    """Return the numbers of a scale format that are not negative, in order, with their codes."""
    found: dict[Fraction, int] = {}
    for code in fmt.codes:
        value = fmt.value(code)
        if isinstance(value, Fraction) and value >= 0:
            found.setdefault(value, code)
    return sorted(found), [found[value] for value in sorted(found)]


def _look(number: Fraction, root: bool, direction: Direction, fmt: Format) -> int:
    """Look a number, or a square root, up in the list of all scales."""
    values, codes = _list(fmt)
    keys = [value * value for value in values] if root else values
    low, high = bisect_right(keys, number) - 1, bisect_left(keys, number)
    low, high = max(low, 0), min(high, len(keys) - 1)
    if low >= high:
        return codes[low] if direction is not Direction.UP else codes[high]
    if direction is not Direction.NEAREST:
        return codes[low if direction is Direction.DOWN else high]
    middle = (values[low] + values[high]) / 2
    middle = middle * middle if root else middle
    if number == middle:
        return codes[low] if codes[low] % 2 == 0 else codes[high]
    return codes[high] if number > middle else codes[low]
