"""The definition of rounding to a format, in exact fractions, to judge everything else by.

`round_code` follows chopper.rounding and chopper.formats.float to the letter and shares nothing with the kernels: it
works on the ordered list of a format's magnitudes, continued above the largest finite one as if the exponent field had
no upper end.  A magnitude lies between two neighbours of that list, the mode chooses one of them, and only then the
edges are settled: overflow, zero, infinity, NaN, negative numbers in unsigned formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from chopper.errors import PolicyError, RangeError
from chopper.formats.base import Value
from chopper.formats.float import FloatFormat
from chopper.formats.policies import NanInput, Negative, Subnormals, ZeroInput
from chopper.rounding import Overflow, Rounding

__all__ = ["adversarial", "away", "exact", "neighbours", "round_code", "round_codes", "round_value"]

HALF = Fraction(1, 2)


def round_code(
    fmt: FloatFormat,
    x: Fraction | float,
    mode: Rounding | str,
    *,
    overflow: Overflow | str | None = None,
    word: int = 0,
    random_bits: int = 32,
) -> int:
    """Return the code that `x` rounds to.

    Parameters
    ----------
    fmt : FloatFormat
        The format.
    x : Fraction or float
        Any number; floats are exact and may be -0.0, infinities and NaNs of either sign.
    mode : Rounding or str
        The rounding mode.
    overflow : Overflow or str, optional
        The policy; ``infinity`` where the format has infinities, else ``saturate`` by default.
    word, random_bits : int
        32 random bits, and how many of them, from the top, a stochastic mode uses.

    Raises
    ------
    RangeError
        If `x` does not fit and the policy or the format says so.
    PolicyError
        If the policy asks for a code that the format does not have.
    """
    mode = Rounding.parse(mode)
    policy = Overflow.parse(overflow or (Overflow.INFINITY if fmt.infinities else Overflow.SATURATE))
    number = exact(x)
    negative = math.copysign(1, number) < 0 if isinstance(number, float) else number < 0
    if isinstance(number, float) and math.isnan(number):
        return _nan(fmt, negative)
    if negative and not fmt.signed and number != 0:
        if fmt.negative is not Negative.MAGNITUDE:
            return _below_zero(fmt, number, mode, policy, word, random_bits)
        negative, number = False, -number
    if isinstance(number, float) and math.isinf(number):
        return _infinity(fmt, negative, policy)
    if number == 0:
        return _zero_input(fmt, negative)
    code = _round_magnitude(fmt, abs(Fraction(number)), negative, mode, word, random_bits)
    if code > fmt.max_code:
        return _overflow(fmt, negative, mode, policy)
    return _zero(fmt, negative) if code == 0 and fmt.zero else _signed(fmt, code, negative)


def round_value(fmt: FloatFormat, x: Fraction | float, mode: Rounding | str, **options: object) -> Value:
    """Return the value that `x` rounds to; arguments as for `round_code`."""
    return fmt.value(round_code(fmt, x, mode, **options))  # type: ignore[arg-type]


def round_codes(fmt: FloatFormat, xs: np.ndarray, mode: Rounding | str, words: Iterable[int] | None = None, **options):
    """Return the codes that the elements of an array round to, as an array of uint64 of the same shape."""
    flat, mode = xs.reshape(-1), Rounding.parse(mode)
    if options.get("overflow") is not None:
        options["overflow"] = Overflow.parse(options["overflow"])
    words = [0] * flat.size if words is None else [int(word) for word in words]
    codes = [round_code(fmt, x, mode, word=word, **options) for x, word in zip(flat, words, strict=True)]
    return np.array(codes, np.uint64).reshape(xs.shape)


def exact(x: Fraction | float) -> Fraction | float:
    """Return `x` as a Fraction, or as a float if it is -0.0, an infinity or a NaN."""
    if isinstance(x, Fraction):
        return x
    number = float(x)
    special = not math.isfinite(number) or (number == 0 and math.copysign(1, number) < 0)
    return number if special else Fraction(x if isinstance(x, int) else number)


# --- the ordered list of magnitudes ----------------------------------------------------------------------------------


def power(exponent: int) -> Fraction:
    """Return 2^exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def normal(fmt: FloatFormat, code: int) -> Fraction:
    """Return the value that `code`, which may be any integer, has where every exponent field is a normal binade."""
    field, fraction = divmod(code, 1 << fmt.fraction_bits)
    return ((1 << fmt.fraction_bits) + fraction) * power(field - fmt.bias - fmt.fraction_bits)


def smallest_normal_code(fmt: FloatFormat) -> int:
    """Return the code of the smallest number with full precision; with a zero, code 0 is never that."""
    return max(fmt.first_field << fmt.fraction_bits, 1 if fmt.zero else 0)


def normal_below(fmt: FloatFormat, a: Fraction) -> int:
    """Return the code of the largest p-digit number that is at most `a`, the exponent being unbounded both ways."""
    exponent = a.numerator.bit_length() - a.denominator.bit_length()
    exponent -= power(exponent) > a
    fraction = math.floor((a / power(exponent) - 1) * (1 << fmt.fraction_bits))
    code = ((exponent + fmt.bias) << fmt.fraction_bits) + fraction
    assert normal(fmt, code) <= a < normal(fmt, code + 1)
    return code


def neighbours(fmt: FloatFormat, a: Fraction) -> tuple[int, int, Fraction]:
    """Return the codes around a magnitude, and how far it is from the lower one in units of the gap: nu in [0, 1)."""
    first = smallest_normal_code(fmt)
    bottom = normal(fmt, first)
    if a >= bottom or fmt.subnormals is Subnormals.FLUSH:
        low = normal_below(fmt, a)
        return low, low + 1, (a - normal(fmt, low)) / (normal(fmt, low + 1) - normal(fmt, low))
    if fmt.subnormals is Subnormals.ROUND:
        return 0, first, a / bottom
    steps = a / bottom * first  # the subnormal numbers cut [0, bottom) into equal parts, one code each
    low = math.floor(steps)
    return low, low + 1, steps - low


def _round_magnitude(fmt: FloatFormat, a: Fraction, negative: bool, mode: Rounding, word: int, random_bits: int) -> int:
    """Return the code of the rounded magnitude in the list without upper end."""
    first = smallest_normal_code(fmt)
    if not fmt.zero and a < normal(fmt, first):
        return first  # between nothing and the smallest number
    low, high, nu = neighbours(fmt, a)
    code = high if away(mode, nu, low % 2 == 1, negative, word, random_bits) else low
    return 0 if code < first and fmt.subnormals is Subnormals.FLUSH else code


def away(mode: Rounding, nu: Fraction, odd: bool, negative: bool, word: int, random_bits: int) -> bool:
    """Return whether the magnitude steps away from zero; `odd` is the parity of the code toward zero."""
    if mode.random:
        return _away_by_chance(mode, nu, word, random_bits)
    return {
        Rounding.NEAREST_EVEN: nu > HALF or (nu == HALF and odd),
        Rounding.NEAREST_AWAY: nu >= HALF,
        Rounding.NEAREST_ZERO: nu > HALF,
        Rounding.TOWARD_ZERO: False,
        Rounding.AWAY_FROM_ZERO: nu > 0,
        Rounding.UP: nu > 0 and not negative,
        Rounding.DOWN: nu > 0 and negative,
        Rounding.TO_ODD: nu > 0 and not odd,
    }[mode]


def _away_by_chance(mode: Rounding, nu: Fraction, word: int, random_bits: int) -> bool:
    """Return whether the magnitude steps away from zero, in a stochastic mode."""
    one, r = 1 << random_bits, word >> (32 - random_bits)
    scaled = nu * one
    return {
        Rounding.STOCHASTIC: math.floor(scaled) + r >= one,
        Rounding.STOCHASTIC_B: math.floor(scaled + HALF) + r >= one,
        Rounding.STOCHASTIC_C: round(scaled) + r >= one,  # Python rounds fractions to nearest, ties to even
        Rounding.STOCHASTIC_EQUAL: nu > 0 and word >> 31 == 1,
    }[mode]


# --- the edges -------------------------------------------------------------------------------------------------------


def _signed(fmt: FloatFormat, code: int, negative: bool) -> int:
    return fmt.sign_code | code if negative else code


def _zero(fmt: FloatFormat, negative: bool) -> int:
    """Return the code of a result that is zero; the smallest number where there is no zero."""
    return fmt.sign_code if negative and fmt.negative_zero else 0


def _zero_input(fmt: FloatFormat, negative: bool) -> int:
    if not fmt.zero and fmt.zero_input is ZeroInput.NAN:
        return _nan(fmt, negative)
    return _zero(fmt, negative)


def _nan(fmt: FloatFormat, negative: bool) -> int:
    """Return the code of NaN, or what stands for it in a format without."""
    if fmt.nan_code is not None:
        return _signed(fmt, fmt.nan_code, negative and not fmt.nan_at_negative_zero)
    if fmt.nan_input is NanInput.RAISE:
        raise RangeError(f"NaN does not fit into {fmt}")
    return fmt.max_code if fmt.nan_input is NanInput.MAX else 0


def _infinity(fmt: FloatFormat, negative: bool, policy: Overflow) -> int:
    """Return the code of an infinite input."""
    if policy is Overflow.WRAP:
        raise PolicyError(f"overflow='wrap' does not suit {fmt}")
    if policy is Overflow.SATURATE:
        return _signed(fmt, fmt.max_code, negative)
    if fmt.infinity_code is not None:
        return _signed(fmt, fmt.infinity_code, negative)
    if policy is Overflow.RAISE:
        raise RangeError(f"infinity does not fit into {fmt}")
    if fmt.has_nan and policy is not Overflow.INFINITY:
        return _nan(fmt, negative)
    if policy is Overflow.PROPAGATE:
        return _signed(fmt, fmt.max_code, negative)
    raise PolicyError(f"overflow={policy.value!r} does not suit {fmt}")


def _overflow(fmt: FloatFormat, negative: bool, mode: Rounding, policy: Overflow) -> int:
    """Return the code of a finite number whose rounding lies beyond the largest finite value."""
    top = _signed(fmt, fmt.max_code, negative)
    if policy in (Overflow.SATURATE, Overflow.PROPAGATE):
        return top
    if policy is Overflow.RAISE:
        raise RangeError(f"a number does not fit into {fmt}")
    if policy is Overflow.NAN and fmt.has_nan:
        return _nan(fmt, negative)
    if policy is not Overflow.INFINITY or fmt.infinity_code is None:
        raise PolicyError(f"overflow={policy.value!r} does not suit {fmt}")
    inward = Rounding.UP if negative else Rounding.DOWN
    stays = mode in (Rounding.TOWARD_ZERO, inward) or (mode is Rounding.TO_ODD and fmt.max_code % 2 == 1)
    return top if stays else _signed(fmt, fmt.infinity_code, negative)


def _below_zero(
    fmt: FloatFormat, number: Fraction | float, mode: Rounding, policy: Overflow, word: int, random_bits: int
) -> int:
    """Return the code of a negative number in an unsigned format; in one without zero, nothing rounds to zero."""
    finite = isinstance(number, Fraction)
    if finite and fmt.zero and _round_magnitude(fmt, -number, True, mode, word, random_bits) == 0:
        return 0
    if fmt.negative is Negative.ZERO:
        return 0
    if fmt.negative is Negative.NAN:
        return _nan(fmt, True)
    if policy in (Overflow.SATURATE, Overflow.PROPAGATE):
        return 0
    if policy is Overflow.RAISE:
        raise RangeError(f"a negative number does not fit into {fmt}")
    inward = finite and policy is Overflow.INFINITY and mode in (Rounding.TOWARD_ZERO, Rounding.UP)
    return 0 if inward else _nan(fmt, True)


# --- inputs that find mistakes ---------------------------------------------------------------------------------------


def adversarial(fmt: FloatFormat, dtype: object, seed: int = 0) -> np.ndarray:
    """Return inputs of `dtype` (float32 or float64) that find mistakes in rounding to `fmt`, without repetition.

    All values (a sample of formats of more than 12 bits) and all midpoints of neighbours, each with its neighbours in
    `dtype` up to two ulps away; what surrounds the largest value and the smallest; zeros, infinities, NaNs of several
    payloads, and subnormal numbers of `dtype`; everything with both signs.
    """
    dtype = np.dtype(dtype)
    points = [_carrier(value, dtype) for value in _landmarks(fmt, seed)]
    unsigned = np.dtype(f"u{dtype.itemsize}")
    sign = unsigned.type(1 << (dtype.itemsize * 8 - 1))
    inf = int(np.array(np.inf, dtype).view(unsigned))
    one = 1 << (np.finfo(dtype).nmant)  # the lowest exponent bit
    special = [0, 1, 2, 3, one // 2 - 1, one // 2, one - 1, one, one + 1, inf - 1, inf]
    nans = [inf + payload for payload in (1, one // 2 - 1, one // 2, one // 2 + 1, one - 2, one - 1)]
    bits = np.array(points, dtype).view(unsigned)
    near = np.concatenate(
        [bits + unsigned.type(step) for step in (0, 1, 2)] + [bits - unsigned.type(1), bits - unsigned.type(2)]
    )
    near = np.concatenate([near[near <= unsigned.type(inf)], np.array(special + nans, unsigned)])
    return np.unique(np.concatenate([near, near | sign])).view(dtype)


def _carrier(value: Fraction, dtype: np.dtype) -> float:
    """Return a number of `dtype` near `value`."""
    try:
        near = float(value)
    except OverflowError:
        return float("inf")
    with np.errstate(over="ignore", under="ignore"):
        return float(dtype.type(near))


def _landmarks(fmt: FloatFormat, seed: int) -> list[Fraction]:
    """Return the magnitudes around which results change."""
    codes: Iterable[int] = range(fmt.max_code + 1)
    if fmt.bits > 12:
        rng = np.random.default_rng(seed)
        edges = {0, 1, 2, 3, fmt.first_code, smallest_normal_code(fmt), fmt.max_code // 2}
        around = {code + step for code in edges for step in (-1, 0, 1)} | {fmt.max_code - step for step in range(4)}
        picked = {int(code) for code in rng.integers(0, fmt.max_code, 250)}
        one = fmt.bias << fmt.fraction_bits
        codes = sorted(code for code in around | picked | {one - 1, one, one + 1} if 0 <= code <= fmt.max_code)
    pairs = [(_value(fmt, code), _value(fmt, code + 1)) for code in codes]
    points = [point for low, high in pairs for point in (low, (low + high) / 2)]
    top, bottom, full = fmt.max, fmt.smallest, normal(fmt, smallest_normal_code(fmt))
    ulp = normal(fmt, fmt.max_code + 1) - top
    points += [top + ulp * k / 4 for k in range(1, 13)] + [top * 2, top * 3, top**2 + top * 1024]
    points += [bottom * k / 4 for k in range(1, 8)] + [full * k / 8 for k in range(1, 16)]
    points += [full * (1 - power(-fmt.precision - k)) for k in range(3)] + [bottom / 1024, bottom**2 / 1024]
    return points


def _value(fmt: FloatFormat, code: int) -> Fraction:
    """Return the value of a magnitude code of the list without upper end."""
    if code > fmt.max_code:
        return normal(fmt, code)
    value = fmt.value(code)
    assert isinstance(value, Fraction)
    return value
