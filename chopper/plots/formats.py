"""Figures of what formats are: how accurate they are at each magnitude, and where their values lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chopper.anatomy import Gap, binades, count_below, gaps, positive_codes
from chopper.errors import UnsupportedInputError
from chopper.files import check_figure
from chopper.formats.base import Format
from chopper.formats.finfo import exponent_of
from chopper.formats.registry import get
from chopper.plots.style import INK, colour, figure_of, line_style, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_formats"]

_FEW = 400
"""So many values are drawn as ticks; of more, each binade is a block, the darker the more values it holds."""

_WIDE = 25
"""Where more decades are shown, the worst and the best accuracy of each binade is drawn in place of all gaps."""

_BLOCKS = 64
_LEAST = -0.6
"""The accuracy is shown down to here, where the error is four times the number."""

_UNIT = 2
"""The linear number line goes so far to either side of zero."""


def plot_formats(
    formats: Iterable[str | Format],
    path: str | Path,
    *,
    decades: tuple[float | None, float | None] = (None, None),
    title: str = "",
) -> None:
    """Draw the accuracy of formats by magnitude and their values on number lines, and write the figure to a file.

    On top, decimal accuracy: -log10 of the largest relative error of rounding to nearest in the gap between two
    neighbouring positive values, over the magnitude.  Below, the positive values on the same logarithmic line, and the
    values from -2 to 2 on a linear one.  All is computed from the values in fractions; of formats with many values,
    the gaps at both ends of each binade and some between them are drawn.

    Parameters
    ----------
    formats : iterable of str or Format
        As `fmt` of `chopper.chop`.
    path : str or Path
        Where the figure goes; the ending of the name says the kind: png, pdf, svg.
    decades : pair of float or None
        The powers of ten from which and to which magnitudes are shown.  By default all of them; where one of three or
        more formats reaches much further than the others, what it has beyond is left out, and its end is written there.
    title : str
        Stands on top.

    Raises
    ------
    UnsupportedInputError
        If there is no format, the decades are no range, or the path is that of no figure.
    """
    chosen = [get(fmt) for fmt in formats]
    if not chosen:
        raise UnsupportedInputError("there is no format to draw; pass at least one")
    check_figure(path)
    low, high = _limits([_ends(fmt) for fmt in chosen], *decades)
    rows = 0.24 * len(chosen) + 0.75
    figure = figure_of(12.5, 4.2 + 2 * rows, title)
    top, logarithmic, linear = figure.subplots(3, 1, height_ratios=(4.2, rows, rows))
    _draw_accuracy(top, chosen, low, high)
    logarithmic.sharex(top)
    _draw_logarithmic(logarithmic, chosen, low, high)
    _draw_linear(linear, chosen)
    figure.legend(*top.get_legend_handles_labels(), loc="outside right upper", fontsize=10, frameon=False)
    figure.savefig(path, dpi=150, facecolor="white")


# --- limits ----------------------------------------------------------------------------------------------------------


def _log10(value: Fraction) -> float:
    return math.log10(value.numerator) - math.log10(value.denominator)


def _ends(fmt: Format) -> tuple[float, float]:
    """Return the decades of the smallest and the largest value."""
    return _log10(fmt.smallest), _log10(fmt.max)


def _limits(ends: Sequence[tuple[float, float]], low: float | None, high: float | None) -> tuple[float, float]:
    """Return the decades that are shown."""
    first = -_reach([-bottom for bottom, _ in ends]) if low is None else low
    last = _reach([top for _, top in ends]) if high is None else high
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        raise UnsupportedInputError(f"decades from {first:g} to {last:g} are no range; legal: the first below the last")
    return first, last


def _reach(ends: Sequence[float]) -> float:
    """Return how far the figure goes to one side: to the furthest end, or the last but one if that one is far away."""
    *_, second, furthest = sorted([-math.inf, *ends])
    if len(ends) > 2 and furthest > 3 * max(second, 1.0):
        return max(1.2 * second, second + 1)
    return furthest + 0.04 * max(abs(furthest), 5)


def _decades(axes: Axes, low: float, high: float) -> None:
    axes.set_xlim(low, high)
    axes.locator_params(axis="x", integer=True)
    axes.xaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")


# --- accuracy --------------------------------------------------------------------------------------------------------


class _Curve(NamedTuple):
    """The accuracy over the decades; in formats of many binades, the worst and the best of each."""

    decades: list[float]
    worst: list[float]
    best: list[float]


def _draw_accuracy(axes: Axes, formats: Sequence[Format], low: float, high: float) -> None:
    lowest = 0.0
    for i, fmt in enumerate(formats):
        curve = _curve(fmt, high - low > _WIDE)
        x, y = curve.decades, curve.worst
        lowest = min([lowest, *(height for place, height in zip(x, y, strict=True) if low <= place <= high)])
        axes.plot(x, y, label=str(fmt), linewidth=1.6, alpha=0.9, solid_joinstyle="round", **line_style(i))
        if curve.best is not curve.worst:
            axes.fill_between(x, y, curve.best, color=colour(i), alpha=0.25, linewidth=0)
    axes.set_ylim(bottom=max(lowest, _LEAST) - 0.15)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.grid(color="#e9e9e9", linewidth=0.7)
    _decades(axes, low, high)
    axes.set_ylabel("decimal accuracy", color=INK)
    titled(axes, "Accuracy: $-\\log_{10}$ of the largest relative error of rounding to nearest", "")


def _curve(fmt: Format, wide: bool) -> _Curve:
    """Return steps where all gaps are known, else lines between samples, or steps of binades."""
    found = list(gaps(fmt, 4 if wide else 12))
    if not found:
        return _Curve([], [], [])
    steps = len(found) == len(positive_codes(fmt)) - 1
    if steps or not wide:
        x = [end for gap in found for end in _places(gap, steps)]
        y = [gap.decimals for gap in found for _ in _places(gap, steps)]
        best = y = [0.0, *y, 0.0]
    else:
        groups = [list(group) for _, group in groupby(found, key=lambda gap: exponent_of(gap.low))]
        x = [place for group in groups for place in (_log10(group[0].low), _log10(group[-1].high))]
        y = [0.0, *(min(gap.decimals for gap in group) for group in groups for _ in range(2)), 0.0]
        best = [0.0, *(max(gap.decimals for gap in group) for group in groups for _ in range(2)), 0.0]
    return _Curve([_log10(found[0].low), *x, _log10(found[-1].high)], y, best)


def _places(gap: Gap, steps: bool) -> tuple[float, ...]:
    ends = (_log10(gap.low), _log10(gap.high))
    return ends if steps else (sum(ends) / 2,)


# --- number lines ----------------------------------------------------------------------------------------------------


def _rows(axes: Axes, formats: Sequence[Format]) -> None:
    axes.set_yticks([-i for i in range(len(formats))], [str(fmt) for fmt in formats])
    axes.set_ylim(0.6 - len(formats), 0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for i in range(len(formats)):
        axes.axhline(-i, color="#d8d8d8", linewidth=0.8, zorder=0)


def _ticks(axes: Axes, i: int, places: Sequence[float]) -> None:
    axes.vlines(places, -i - 0.3, -i + 0.3, color=colour(i), linewidth=0.9)


def _block(axes: Axes, i: int, low: float, high: float, per_inch: float) -> None:
    """Fill a stretch of a line, the darker the more values an inch of it holds."""
    shade: dict[str, Any] = {"color": colour(i), "linewidth": 0}
    axes.fill_between([low, high], -i - 0.3, -i + 0.3, color="white", linewidth=0)
    axes.fill_between([low, high], -i - 0.3, -i + 0.3, alpha=min(1.0, 0.12 + 0.055 * math.log2(1 + per_inch)), **shade)


def _draw_logarithmic(axes: Axes, formats: Sequence[Format], low: float, high: float) -> None:
    """Draw the positive values of each format."""
    for i, fmt in enumerate(formats):
        codes = positive_codes(fmt)
        if len(codes) <= _FEW:
            _ticks(axes, i, [_log10(Fraction(fmt.value(codes[k]))) for k in range(len(codes))])
        else:
            _draw_binades(axes, i, fmt, low, high)
        bottom, top = _ends(fmt)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        text: dict[str, Any] = {"va": "center", "fontsize": 8.5, "color": colour(i), "bbox": box}
        if bottom < low:
            axes.text(low, -i, f"$\\leftarrow 10^{{{bottom:.0f}}}$", ha="left", **text)
        if top > high:
            axes.text(high, -i, f"$10^{{{top:.0f}}} \\rightarrow$", ha="right", **text)
    _rows(axes, formats)
    _decades(axes, low, high)
    titled(axes, "Positive values; where they lie too close to be told apart: the darker, the closer", "magnitude")


def _draw_binades(axes: Axes, i: int, fmt: Format, low: float, high: float) -> None:
    two = math.log10(2)
    inch = (high - low) / 10
    for one in binades(fmt):
        left = max(one.exponent * two, _ends(fmt)[0])
        if low - two <= left <= high:
            _block(axes, i, left, min((one.exponent + 1) * two, max(_ends(fmt)[1], left)), one.size * inch / two)


def _draw_linear(axes: Axes, formats: Sequence[Format]) -> None:
    """Draw the values of each format around zero."""
    for i, fmt in enumerate(formats):
        if count_below(fmt, Fraction(_UNIT)) > _FEW:
            _draw_dense(axes, i, fmt)
        else:
            _ticks(axes, i, _around_zero(fmt))
    _rows(axes, formats)
    axes.set_xlim(-_UNIT * 1.02, _UNIT * 1.02)
    titled(axes, f"Values from -{_UNIT} to {_UNIT}", "value")


def _around_zero(fmt: Format) -> list[float]:
    if fmt.bits <= 16:
        values = (fmt.value(code) for code in fmt.codes)
    else:  # wide families are the same on either side of zero
        codes = positive_codes(fmt)
        upper = [fmt.value(codes[k]) for k in range(count_below(fmt, Fraction(_UNIT)))]
        values = (value for value in [*upper, Fraction(0), *(-value for value in upper if fmt.min < 0)])
    return sorted({float(value) for value in values if isinstance(value, Fraction) and abs(value) <= _UNIT})


def _draw_dense(axes: Axes, i: int, fmt: Format) -> None:
    """Draw blocks, so many on either side of zero."""
    edges = [_UNIT * k / _BLOCKS for k in range(_BLOCKS + 1)]
    counts = [count_below(fmt, Fraction(edge)) for edge in edges]
    for (low, high), (before, after) in zip(pairwise(edges), pairwise(counts), strict=True):
        for sign in (1, -1) if fmt.min < 0 else (1,):
            if after > before:
                _block(axes, i, sign * low, sign * high, (after - before) * _BLOCKS / _UNIT / 2.5)
