"""The figure of the demonstration: three panels, one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chopper.demo.digits import MODES
from chopper.demo.harmonic import HarmonicSum
from chopper.demo.parts import Demo
from chopper.formats.base import Format
from chopper.formats.float import FloatFormat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "spread"]

_BLUE, _ORANGE, _GREY, _INK = "#0072B2", "#D55E00", "#8a8a8a", "#222222"
_EULER = 0.5772156649015329
_END = 4e6  # of the axis of terms


def draw(demo: Demo, path: str | Path) -> None:
    """Draw what the demonstration found and write it to a file; the ending of its name says the kind."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    order = sorted(demo.formats, key=_rank)
    names = [str(fmt) for fmt in order]
    height = max(3.0 + 0.25 * len(order), 6.0)
    figure = Figure(figsize=(17, height))
    figure.set_layout_engine(ConstrainedLayoutEngine(wspace=0.03, w_pad=0.1, h_pad=0.1))
    digits, squares, series = figure.subplots(1, 3, width_ratios=(5.2, 4.4, 7.4))
    _draw_digits(digits, demo, names, [f"{fmt}  {fmt.bits:2d}" for fmt in order])
    _draw_fits(squares, demo, names)
    _draw_sums(series, [one.value for one in demo.sums if one.value is not None])
    title = f"The same three computations in {len(order)} number formats"
    figure.suptitle(title, fontsize=17, fontweight="bold", color=_INK, x=0.012, ha="left")
    figure.savefig(path, dpi=150, facecolor="white")


def _rank(fmt: Format) -> tuple[int, int, str]:
    return -fmt.bits, -fmt.precision if isinstance(fmt, FloatFormat) else 0, str(fmt)


def _titles(axes: Axes, title: str, text: str) -> None:
    axes.set_title(f"{title}\n", loc="left", fontsize=13, fontweight="bold", color=_INK)
    axes.text(0, 1.006, text, transform=axes.transAxes, fontsize=9.5, color="#555555", va="bottom")
    axes.tick_params(colors=_INK, labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw_digits(axes: Axes, demo: Demo, names: list[str], labels: list[str]) -> None:
    """A table of accuracies, coloured by the share of errors on a logarithmic scale."""
    from matplotlib.colors import LogNorm

    found = {(one.format, one.rounding): one.value for one in demo.scores}
    table = np.full((len(names), len(MODES)), np.nan)
    for row, name in enumerate(names):
        for column, mode in enumerate(MODES):
            score = found.get((name, mode))
            if score is not None:
                table[row, column] = 100 * score.accuracy
                text = "NaN" if score.unanswered == 1 else f"{table[row, column]:.1f}"
                shade = "white" if table[row, column] < 89 else _INK
                axes.text(column, row, text, ha="center", va="center", fontsize=8.5, color=shade)
            else:
                axes.text(column, row, "–", ha="center", va="center", fontsize=8.5, color=_INK)
    wrong = np.maximum(100 - table, 1)
    axes.imshow(wrong, cmap="cividis_r", norm=LogNorm(3, 100), aspect="auto")
    axes.set_xticks(range(len(MODES)), [mode.replace("_", "\n", 1) for mode in MODES])
    axes.set_yticks(range(len(names)), labels)
    axes.set_xticks(np.arange(len(MODES) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    _titles(axes, "Handwritten digits", "images read correctly, %; weights and activations rounded")
    axes.spines[:].set_visible(False)


def _draw_fits(axes: Axes, demo: Demo, names: list[str]) -> None:
    """One dot per format, at the error of its coefficients."""
    from matplotlib.ticker import LogLocator, NullLocator

    found = {one.format: one.value for one in demo.fits}
    good = {name: fit.error for name in names if (fit := found.get(name)) is not None and not fit.breakdown}
    low = max(min(good.values(), default=1e-3), 1e-17) / 30
    high = max(max(good.values(), default=1.0) * 6, 60.0)
    axes.axvspan(1, high * 30, color=_ORANGE, alpha=0.07, linewidth=0)
    for row, name in enumerate(names):
        fit = found.get(name)
        if name in good:
            axes.plot([low, good[name]], [row, row], color=_BLUE, alpha=0.3, linewidth=1.5)
            axes.plot(good[name], row, "o", color=_BLUE if good[name] < 1 else _ORANGE, markersize=6)
            place: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(f"{good[name]:.2g}", (good[name], row), fontsize=8, color=_INK, **place)
        else:
            why = fit.breakdown if fit is not None else "not possible"
            axes.text(low * 1.6, row, f"× {why}", va="center", fontsize=8, color=_ORANGE)
    axes.set_xscale("log")
    axes.set_xlim(low, high * 30)
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [""] * len(names))
    axes.set_xlabel("relative error of the coefficients", color=_INK)
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    _titles(axes, "Least squares", "normal equations, every operation rounded; shaded: no digit is right")
    axes.spines["left"].set_visible(False)


def _draw_sums(axes: Axes, sums: list[HarmonicSum]) -> None:
    """One curve per sum, and the level at which it stays."""
    n = np.geomspace(1, _END, 200)
    axes.plot(n, np.log(n) + _EULER + 1 / (2 * n), color=_GREY, linestyle=(0, (4, 3)), linewidth=1.4, zorder=1)
    axes.text(1.1e5, np.log(1.1e5) + _EULER + 0.3, "exact sum", color="#666666", fontsize=9.5, ha="right")
    groups: dict[float, list[HarmonicSum]] = {}
    for one in sums:
        if one.stopped:
            groups.setdefault(one.total, []).append(one)
    ends = sorted(groups)
    crowded = len(ends) > 1 and ends[1] - ends[0] < 0.36  # then the lowest label goes below its line
    labels = spread([total - (0.34 if crowded and not i else -0.04) for i, total in enumerate(ends)], 0.36)
    for i, (total, height, colour) in enumerate(zip(ends, labels, _colours(len(ends)), strict=True)):
        members = groups[total]
        last = max(members, key=lambda one: one.terms)
        layer = 2 + (len(ends) - i) / 100  # the short curves on top
        axes.step(last.n, last.partial, where="post", color=colour, linewidth=1.8, zorder=layer)
        axes.plot([last.terms, _END], [total, total], color=colour, linewidth=1.2, alpha=0.55, zorder=layer)
        for one in members:
            axes.plot(one.terms, total, "o", color=colour, markersize=5.5, markeredgecolor="white", zorder=4)
        text = f"{_listed((one.format for one in members), 46 if total < 4 else 28)}   {total:.8g}"
        place = (last.terms / 1.6, total) if last.terms > 1e5 else (_END / 1.1, height)
        axes.text(*place, text, ha="right", va="bottom", fontsize=9, color=_INK, zorder=5)
    growing = [f"{one.format} ({one.total:.4g} after {one.terms} terms)" for one in sums if not one.stopped]
    if growing:
        note = f"still growing: {', '.join(growing)}"
        axes.text(0.985, 0.012, note, transform=axes.transAxes, ha="right", fontsize=9, color="#555555")
    axes.set_xscale("log")
    axes.set_xlim(0.9, _END)
    axes.set_ylim(0.5, 16.4)
    axes.set_xlabel("terms", color=_INK)
    axes.grid(color="#eeeeee", linewidth=0.7)
    axes.set_axisbelow(True)
    _titles(axes, "Harmonic series", "1 + 1/2 + 1/3 + …, rounded to nearest even: where the sum stops growing")


def _colours(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["viridis"](0.88 * i / max(count - 1, 1)) for i in range(count)]


def _listed(names: Iterable[str], limit: int) -> str:
    """Join names, the short ones first, with a count of those that do not fit.

    Examples
    --------
    >>> _listed(["fp16_alt", "fp16", "tf32"], 12)
    'fp16, tf32 and 1 more'
    """
    left = sorted(names, key=len)
    text = left.pop(0)
    while left and len(text) + len(left[0]) + 2 <= limit:
        text += f", {left.pop(0)}"
    return f"{text} and {len(left)} more" if left else text


def spread(heights: list[float], gap: float) -> list[float]:
    """Move sorted heights up just as far as it takes to keep a gap between them.

    Examples
    --------
    >>> spread([1.0, 1.25, 3.0], 0.5)
    [1.0, 1.5, 3.0]
    """
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else height)
    return moved
