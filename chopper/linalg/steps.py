"""Steps of ordinary differential equations: Euler and Runge-Kutta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.linalg.machine import Rounded
from chopper.linalg.setting import Array, setting
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["Slope", "euler", "rk4"]

Slope = Callable[[Any, float, Array], Any]
"""The right-hand side f(fl, t, y): `fl` has the rounded operations add, sub, mul, div, sqrt and round."""


def euler(
    f: Slope,
    y0: Any,
    h: float,
    steps: int,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    t0: float = 0.0,
    compensated: bool = False,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Array:
    """Solve y' = f(t, y) by the explicit Euler method, every operation rounded.

    `y0` and `h` are rounded to the format first.  Each step: ``y = y + h f(fl, t, y)``, the product rounded and the sum
    rounded.  What f returns is rounded; its own operations are rounded where it computes with `fl`.  The time of step k
    is ``t0 + k h``, computed in float64 from the rounded h and rounded once.

    To nearest the sum stands still where ``h f`` is below half an ulp of y; with ``rounding="stochastic"`` it moves on
    average as it should (Croci, Giles, DOI 10.1093/imanum/drac012; Connolly, Higham, Mary, DOI 10.1137/20M1334796).

    Parameters
    ----------
    f : function
        f(fl, t, y) returns the slopes, of the shape of y.
    y0 : array
        The start, of any shape.
    h : float
        The step.
    steps : int
        How many.
    t0 : float
        The time of the start.
    compensated : bool
        Kahan's summation: with c = 0 at first, ``v = h f - c``, ``z = y + v``, ``c = (z - y) - v``, ``y = z``, each
        operation rounded (DOI 10.1145/363707.363723).
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    array of float64, shape (steps + 1, ...)
        The start and y after each step.

    Raises
    ------
    RangeError
        If `steps` is negative, or h is not finite in the format or becomes zero.
    UnsupportedInputError
        If f returns another shape.

    Examples
    --------
    >>> euler(lambda fl, t, y: -y, [1.0], 0.25, 3, "bf16").tolist()
    [[1.0], [0.75], [0.5625], [0.421875]]
    """
    fl = setting(fmt, rounding, key, arithmetic).fl
    step = _step(fl, h)

    def increment(t: Callable[[float], float], y: Array) -> Array:
        return np.asarray(fl.mul(step, _slope(fl, f, t(0.0), y)))

    return _march(fl, increment, (y0, t0, step, steps), compensated, progress)


def rk4(
    f: Slope,
    y0: Any,
    h: float,
    steps: int,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    t0: float = 0.0,
    compensated: bool = False,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Array:
    """Solve y' = f(t, y) by the classical Runge-Kutta method of order 4, every operation rounded.

    `y0`, `h`, ``h/2`` and ``h/6`` are rounded to the format first.  Each step: ``k1 = f(t, y)``,
    ``k2 = f(t + h/2, y + h/2 k1)``, ``k3 = f(t + h/2, y + h/2 k2)``, ``k4 = f(t + h, y + h k3)``,
    ``y = y + h/6 (((k1 + 2 k2) + 2 k3) + k4)``, each product and each sum rounded.

    Parameters, Returns, Raises
        As for `euler`.

    Examples
    --------
    >>> rk4(lambda fl, t, y: -y, [1.0], 0.25, 2, "fp16").tolist()
    [[1.0], [0.77880859375], [0.6064453125]]
    """
    fl = setting(fmt, rounding, key, arithmetic).fl
    step = _step(fl, h)
    half, sixth = fl.round(step / 2), fl.round(step / 6)

    def increment(t: Callable[[float], float], y: Array) -> Array:
        k1 = _slope(fl, f, t(0.0), y)
        k2 = _slope(fl, f, t(0.5), fl.add(y, fl.mul(half, k1)))
        k3 = _slope(fl, f, t(0.5), fl.add(y, fl.mul(half, k2)))
        k4 = _slope(fl, f, t(1.0), fl.add(y, fl.mul(step, k3)))
        total = fl.add(fl.add(fl.add(k1, fl.mul(2.0, k2)), fl.mul(2.0, k3)), k4)
        return np.asarray(fl.mul(sixth, total))

    return _march(fl, increment, (y0, t0, step, steps), compensated, progress)


_Increment = Callable[[Callable[[float], float], Array], Array]


def _march(
    fl: Rounded, increment: _Increment, given: tuple[Any, float, float, int], compensated: bool, progress: Progress
) -> Array:
    """Add increments to the start, and keep every state."""
    y0, t0, step, steps = given
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise RangeError(f"steps={steps!r} is not legal; legal: an integer that is not negative")
    y: Array = np.asarray(fl.round(np.asarray(y0, np.float64)))
    states, lost = [y], np.zeros_like(y)
    with watched(progress, "steps", steps) as tick:
        for k in range(steps):
            change = increment(lambda part, k=k: float(fl.round(t0 + (k + part) * step)), y)  # type: ignore[misc]
            if compensated:
                change = fl.sub(change, lost)
            after = np.asarray(fl.add(y, change))
            if compensated:
                lost = np.asarray(fl.sub(fl.sub(after, y), change))
            y = after
            states.append(y)
            tick(k + 1)
    return np.array(states)


def _slope(fl: Rounded, f: Slope, t: float, y: Array) -> Array:
    slope = np.asarray(f(fl, t, y.copy()), np.float64)
    if slope.shape != y.shape:
        raise UnsupportedInputError(f"f returned shape {slope.shape}; legal: {y.shape}, the shape of y")
    return np.asarray(fl.round(slope))


def _step(fl: Rounded, h: float) -> float:
    step = float(fl.round(float(h)))
    if step == 0 or not np.isfinite(step):
        raise RangeError(f"h={h!r} is {step:g} in {fl.fmt}; pass a step that the format holds")
    return step
