"""Values of elementary functions by MPFR, which rounds correctly and says on which side: the second witness.

Called through ctypes, so nothing is installed for it; see https://www.mpfr.org/mpfr-4.2.0/mpfr.html, sections 5.7 and
5.10.  A value cut to 53 bits whose last bit is set where the ternary value is not 0 is the value rounded to odd.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Callable

import numpy as np

from tests.functions.truth import special

__all__ = ["available", "mpfr_pair", "mpfr_values"]

DIRECT = {
    "exp": "exp", "exp2": "exp2", "exp10": "exp10", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10",
    "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "erf": "erf", "erfc": "erfc", "rsqrt": "rec_sqrt", "cbrt": "cbrt",
}  # fmt: skip
"""Functions that MPFR has."""
TOWARD_ZERO, NEAREST = 1, 0
STEPS = (400, 2000, 12000)


class _Number(ctypes.Structure):
    _fields_ = (
        ("precision", ctypes.c_long),
        ("sign", ctypes.c_int),
        ("exponent", ctypes.c_long),
        ("limbs", ctypes.c_void_p),
    )


def _load() -> ctypes.CDLL | None:
    path = ctypes.util.find_library("mpfr")
    if path is None:
        return None
    library = ctypes.CDLL(path)
    library.mpfr_get_d.restype = ctypes.c_double
    library.mpfr_set_d.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_int]
    library.mpfr_cmp_d.argtypes = [ctypes.c_void_p, ctypes.c_double]
    return library


LIBRARY = _load()


def available() -> bool:
    """Whether the library is on this machine."""
    return LIBRARY is not None


def _number(precision: int) -> ctypes.c_void_p:
    number = _Number()
    LIBRARY.mpfr_init2(ctypes.byref(number), ctypes.c_long(precision))
    return number


def mpfr_values(name: str, xs: np.ndarray) -> np.ndarray:
    """Return the values at floats, rounded to odd on the grid of float64; the special ones as they are."""
    function = _direct(DIRECT[name]) if name in DIRECT else _composed(name)
    found = []
    for x in xs.tolist():
        known = special(name, x)
        found.append(function(x) if known is None else float(known))
    return np.array(found)


def mpfr_pair(name: str, x: float, y: float) -> float:
    """Return the value of pow or hypot at ordinary numbers, rounded to odd on the grid of float64."""
    numbers = [_number(53) for _ in range(3)]
    a, b, c = map(ctypes.byref, numbers)
    LIBRARY.mpfr_set_d(a, x, NEAREST)
    LIBRARY.mpfr_set_d(b, y, NEAREST)
    inexact = getattr(LIBRARY, f"mpfr_{name}")(c, a, b, TOWARD_ZERO) != 0
    found = _odd(numbers[2], inexact)
    for number in (a, b, c):
        LIBRARY.mpfr_clear(number)
    return found


def _odd(number: _Number, inexact: bool) -> float:
    """Return what is in a number of 53 bits cut toward zero, with its last bit set if anything was cut off."""
    found = LIBRARY.mpfr_get_d(ctypes.byref(number), TOWARD_ZERO)
    inexact = inexact or LIBRARY.mpfr_cmp_d(ctypes.byref(number), found) != 0
    if not inexact:
        return found
    sign = -1.0 if number.sign < 0 else 1.0
    bits = np.float64(abs(found)).view(np.int64) | 1
    return sign * float(np.int64(bits).view(np.float64))


def _direct(name: str) -> Callable[[float], float]:
    function = getattr(LIBRARY, f"mpfr_{name}")
    x, y = _number(53), _number(53)
    px, py = ctypes.byref(x), ctypes.byref(y)

    def at(value: float) -> float:
        if math.isinf(value) and name == "atan":
            LIBRARY.mpfr_set_inf(px, 1 if value > 0 else -1)
        else:
            LIBRARY.mpfr_set_d(px, value, NEAREST)
        return _odd(y, function(py, px, TOWARD_ZERO) != 0)

    return at


def _composed(name: str) -> Callable[[float], float]:
    """Return a function of several steps, each correctly rounded to many bits; it is never exact."""
    numbers = {step: (_number(step), _number(step)) for step in STEPS}
    short, rest = _number(53), _number(64)

    def at(value: float) -> float:
        near = _beside(name, value)
        if near is not None:
            return near
        for step in STEPS:
            x, y = numbers[step]
            LIBRARY.mpfr_set_d(ctypes.byref(x), value, NEAREST)
            STEPWISE[name](ctypes.byref(x), ctypes.byref(y))
            LIBRARY.mpfr_set(ctypes.byref(short), ctypes.byref(y), TOWARD_ZERO)
            LIBRARY.mpfr_sub(ctypes.byref(rest), ctypes.byref(y), ctypes.byref(short), TOWARD_ZERO)
            if LIBRARY.mpfr_cmp_d(ctypes.byref(rest), 0.0) != 0 and rest.exponent > y.exponent - step + 60:
                return _odd(short, True)
        raise AssertionError(f"{name}({value}) is not decided")

    return at


def _beside(name: str, x: float) -> float | None:
    """Return the number beside a limit that the value is closer to than 2^-1100, zero among the limits."""
    if x < -2000:
        return -5e-324 if name in ("silu", "gelu") else 5e-324
    if x > {"sigmoid": 800, "silu": 800, "gelu": 40, "softplus": 800}[name]:
        limit = 1.0 if name == "sigmoid" else x
        bits = np.float64(limit).view(np.int64)
        return float(np.int64(bits | 1 if name == "softplus" else (bits - 1) | 1).view(np.float64))
    return None


def _sigmoid(x: ctypes.c_void_p, y: ctypes.c_void_p) -> None:
    LIBRARY.mpfr_neg(y, x, NEAREST)
    LIBRARY.mpfr_exp(y, y, NEAREST)
    LIBRARY.mpfr_add_ui(y, y, ctypes.c_ulong(1), NEAREST)
    LIBRARY.mpfr_ui_div(y, ctypes.c_ulong(1), y, NEAREST)


def _silu(x: ctypes.c_void_p, y: ctypes.c_void_p) -> None:
    _sigmoid(x, y)
    LIBRARY.mpfr_mul(y, y, x, NEAREST)


def _softplus(x: ctypes.c_void_p, y: ctypes.c_void_p) -> None:
    LIBRARY.mpfr_exp(y, x, NEAREST)
    LIBRARY.mpfr_log1p(y, y, NEAREST)


def _gelu(x: ctypes.c_void_p, y: ctypes.c_void_p) -> None:
    LIBRARY.mpfr_set_ui(y, ctypes.c_ulong(2), NEAREST)
    LIBRARY.mpfr_sqrt(y, y, NEAREST)
    LIBRARY.mpfr_div(y, x, y, NEAREST)
    LIBRARY.mpfr_neg(y, y, NEAREST)
    LIBRARY.mpfr_erfc(y, y, NEAREST)
    LIBRARY.mpfr_mul(y, y, x, NEAREST)
    LIBRARY.mpfr_div_ui(y, y, ctypes.c_ulong(2), NEAREST)


STEPWISE = {"sigmoid": _sigmoid, "silu": _silu, "softplus": _softplus, "gelu": _gelu}
