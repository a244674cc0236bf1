"""Figures of what `chopper.analysis` measures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chopper.analysis import Errors, as_finite, compare
from chopper.conversion import chop
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import get
from chopper.plots.style import INK, colour, figure_of, line_style, titled
from chopper.rounding import Rounding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_errors"]

_Array = npt.NDArray[np.float64]


def plot_errors(
    x: Any,
    formats: Iterable[str | Format],
    path: str | Path,
    rounding: str | Rounding = "nearest_even",
    *,
    rows: list[Errors] | None = None,
    title: str = "",
    **options: Any,
) -> None:
    """Draw what formats do to some numbers, and write the figure to a file.

    Left, where the numbers lie and what the formats span; in the middle, the relative error by magnitude; right, the
    ratio of signal to noise.

    Parameters
    ----------
    x, formats, rounding
        As for `chopper.analysis.compare`.
    path : str or Path
        Where the figure goes; the ending of the name says the kind: png, pdf, svg.
    rows : list of Errors, optional
        What `compare` returned; computed if not given.
    title : str
        Stands on top.
    options
        As for `chopper.analysis.compare`.
    """
    data, chosen = as_finite(x), [get(fmt) for fmt in formats]
    rows = compare(data, chosen, rounding, **options) if rows is None else rows
    figure = figure_of(15, max(4.6, 3.4 + 0.26 * len(chosen)), title)
    where, how, ratio = figure.subplots(1, 3, width_ratios=(5, 5.4, 3.2))
    _draw_ranges(where, data, chosen)
    _draw_by_magnitude(how, data, chosen, Rounding.parse(rounding), options)
    _draw_ratios(ratio, rows)
    figure.legend(*how.get_legend_handles_labels(), loc="outside lower center", ncols=10, fontsize=9, frameon=False)
    figure.savefig(path, dpi=150, facecolor="white")


def _draw_ranges(axes: Axes, data: _Array, formats: list[Format]) -> None:
    """A histogram of magnitudes, and below it a bar per format from its smallest to its largest value."""
    powers = _powers(data)
    low, high = (powers.min(), powers.max() + 1) if powers.size else (-1, 1)
    margin = max(4, (high - low) // 3)
    low, high = low - margin, high + margin
    counts = np.bincount((powers - low).astype(np.int64), minlength=int(high - low))[: int(high - low)]
    share = counts / max(counts.max(), 1)
    axes.bar(np.arange(low, high) + 0.5, share, width=0.92, color="#b8c4d0")
    for i, fmt in enumerate(formats):
        height = -0.13 * (i + 1)
        try:
            info = finfo(fmt)
        except UnsupportedInputError:
            continue
        top, normal, bottom = (_power(value) for value in (info.max, info.smallest_normal, info.smallest))
        line: dict[str, Any] = {"linewidth": 6, "solid_capstyle": "butt", "color": colour(i)}
        axes.plot(np.clip([bottom, normal], low, high), [height] * 2, alpha=0.35, **line)
        axes.plot(np.clip([normal, top], low, high), [height] * 2, **line)
    axes.axhline(0, color=INK, linewidth=0.8)
    ticks = [-0.13 * (i + 1) for i in range(len(formats))]
    axes.set_yticks(ticks, [str(fmt) for fmt in formats])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(low, high)
    axes.set_ylim(-0.13 * (len(formats) + 1), 1.05)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda power, _: f"$2^{{{power:g}}}$")
    titled(axes, "The numbers, and what the formats span (pale: subnormal)", "magnitude")


def _draw_by_magnitude(
    axes: Axes, data: _Array, formats: list[Format], rounding: Rounding, options: dict[str, Any]
) -> None:
    """Root mean square of the relative error in every binade of the data."""
    some = data[data != 0]
    powers = _powers(some)
    options = {"key": 0, **options}
    for i, fmt in enumerate(formats):
        with np.errstate(all="ignore"):
            relative = np.abs(chop(some, fmt, rounding, **options) / some - 1)
        good = np.isfinite(relative)
        bins, index = np.unique(powers[good], return_inverse=True)
        mean = np.sqrt(np.bincount(index, np.square(np.minimum(relative[good], 1e100))) / np.bincount(index))
        shown = mean > 0
        axes.plot(bins[shown] + 0.5, mean[shown], label=str(fmt), linewidth=1.8, marker=".", **line_style(i))
    axes.set_yscale("log")
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.xaxis.set_major_formatter(lambda power, _: f"$2^{{{power:g}}}$")
    titled(axes, f"Relative error by magnitude, RMS ({rounding.value})", "magnitude")


def _draw_ratios(axes: Axes, rows: list[Errors]) -> None:
    """A bar per format: the ratio of signal to noise, and what fell out of the range."""
    finite = [row.sqnr_db for row in rows if np.isfinite(row.sqnr_db)]
    top = max([*finite, 1.0]) * 1.15
    for i, row in enumerate(rows):
        exact = row.sqnr_db == np.inf
        value = top if exact else row.sqnr_db if np.isfinite(row.sqnr_db) else 0.0
        axes.barh(i, value, color=colour(i), height=0.5)
        lost = "".join(
            f", {count} {what}" for count, what in ((row.overflow, "overflow"), (row.underflow, "underflow")) if count
        )
        text = "no error" if exact else f"{row.sqnr_db:.1f} dB{lost}"
        axes.text(0, i - 0.33, f"{row.format}:  {text}", va="bottom", fontsize=9, color=INK)
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.5, -0.8)
    axes.set_xlim(min([0.0, *finite]), top)
    axes.spines["left"].set_visible(False)
    titled(axes, "Signal to noise", "dB")


def _powers(data: _Array) -> npt.NDArray[np.int64]:
    """Return floor(log2 |x|) of the numbers other than zero."""
    some = data[data != 0]
    return np.asarray(np.frexp(some)[1], np.int64) - 1


def _power(value: Any) -> float:
    return float(np.log2(float(value))) if abs(value) < 2**1023 and float(value) else 1024.0
