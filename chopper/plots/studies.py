"""Figures of studies: a measure over formats and modes, errors in ulps, and digits over iterations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chopper.analysis import Outcome, rows_of
from chopper.errors import UnsupportedInputError
from chopper.files import check_figure
from chopper.plots.style import INK, colour, figure_of, line_style, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_digits", "plot_sweep", "plot_ulps"]

_ULPS = 4.0
"""Errors beyond so many ulps share the outermost bars, unless a reach is given."""


def plot_sweep(
    found: Iterable[Outcome[Any]],
    path: str | Path,
    column: str = "value",
    *,
    logarithmic: bool = True,
    label: str = "",
    title: str = "",
) -> None:
    """Draw a number that a sweep found: formats along the axis, a line for each rounding mode; write it to a file.

    Parameters
    ----------
    found : iterable of Outcome
        What `chopper.analysis.sweep` gives.
    path : str or Path
        Where the figure goes; the ending of the name says the kind: png, pdf, svg.
    column : str
        Which column of `chopper.analysis.rows_of` is drawn.
    logarithmic : bool
        Draw magnitudes on a logarithmic scale; zeros, and what is no finite number, are left out.
    label, title : str
        Of the axis, by default the name of the column, and on top.

    Raises
    ------
    UnsupportedInputError
        If no outcome has a number in this column, or the path is that of no figure.
    """
    check_figure(path)
    rows = rows_of(found)
    values = {(row["rounding"], row["format"]): _number(row.get(column), logarithmic) for row in rows}
    formats, modes = (list(dict.fromkeys(row[name] for row in rows)) for name in ("format", "rounding"))
    if not any(value is not None for value in values.values()):
        raise UnsupportedInputError(f"no outcome has a number in the column {column!r}; pass the name of another one")
    figure = figure_of(max(6.0, 2.5 + 0.8 * len(formats)), 4.6, title)
    axes = figure.subplots()
    for i, mode in enumerate(modes):
        heights = [values.get((mode, name)) for name in formats]
        axes.plot(range(len(formats)), _or_nan(heights), marker="o", label=mode, **line_style(i))
    axes.set_xticks(range(len(formats)), formats, rotation=30 if len(formats) > 6 else 0)
    if logarithmic:
        axes.set_yscale("log")
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    titled(axes, label or column, "")
    if len(modes) > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=9, frameon=False)
    figure.savefig(path, dpi=150, facecolor="white")


def plot_ulps(
    errors: Mapping[str, Any], path: str | Path, *, reach: float | None = None, bars: int = 64, title: str = ""
) -> None:
    """Draw histograms of errors in ulps, one for each set of them, and write the figure to a file.

    Parameters
    ----------
    errors : mapping of str to array
        Errors as `chopper.analysis.ulp_errors` returns them, under the names they are shown by; NaNs are left out.
    path
        As for `plot_sweep`.
    reach : float, optional
        The axis goes from -reach to reach; the outermost bars hold all that lies beyond.  By default the largest
        error, at most 4.
    bars : int
        How many, over the axis.
    title : str
        On top.

    Raises
    ------
    UnsupportedInputError
        If there is no error to show, or the path is that of no figure.
    """
    check_figure(path)
    shown = {name: _finite(given) for name, given in errors.items()}
    if not any(one.size for one in shown.values()):
        raise UnsupportedInputError("there is no error to draw; pass at least one that is no NaN")
    largest = max(float(np.abs(one).max(initial=0.0)) for one in shown.values())
    reach = min(max(largest, 0.5), _ULPS) if reach is None else reach
    figure = figure_of(7.5, 1.2 + 1.7 * len(shown), title)
    grid = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    edges = np.linspace(-reach, reach, bars + 1)
    for i, (axes, (name, one)) in enumerate(zip(grid, shown.items(), strict=True)):
        counts, _ = np.histogram(np.clip(one, -reach, reach), edges)
        axes.bar(edges[:-1], counts / max(one.size, 1), width=2 * reach / bars, align="edge", color=colour(i))
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_yticks([])
        most = float(np.abs(one).max(initial=0.0))
        titled(axes, f"{name}: {one.size} errors, mean {one.mean() if one.size else 0:.3g}, largest {most:.3g}", "")
        axes.spines["left"].set_visible(False)
    grid[-1].set_xlabel("error in ulps", color=INK)
    figure.savefig(path, dpi=150, facecolor="white")


def plot_digits(
    digits: Mapping[str, Sequence[float]],
    path: str | Path,
    *,
    limit: float | None = None,
    label: str = "iteration",
    title: str = "",
) -> None:
    """Draw significant digits over iterations, a line for each sequence, and write the figure to a file.

    Parameters
    ----------
    digits : mapping of str to sequence of float
        Digits, as `chopper.stochastic.significant_digits` estimates them or measured against a reference, iteration by
        iteration, under the names they are shown by.
    path
        As for `plot_sweep`.
    limit : float, optional
        The digits of the format, drawn as a line; infinite digits are drawn there.
    label, title : str
        Of the axis, and on top.

    Raises
    ------
    UnsupportedInputError
        If there is nothing to draw, or the path is that of no figure.
    """
    check_figure(path)
    lines = {name: np.asarray(given, np.float64).reshape(-1) for name, given in digits.items()}
    if not any(one.size for one in lines.values()):
        raise UnsupportedInputError("there are no digits to draw; pass at least one sequence")
    finite = np.concatenate([one[np.isfinite(one)] for one in lines.values()])
    top = limit if limit is not None else float(finite.max(initial=1.0))
    figure = figure_of(7.5, 4.4, title)
    axes = figure.subplots()
    for i, (name, one) in enumerate(lines.items()):
        axes.plot(np.arange(one.size), np.minimum(one, top), marker=".", label=name, **line_style(i))
    _draw_limits(axes, limit, top)
    titled(axes, "Significant decimal digits", label)
    if len(lines) > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=9, frameon=False)
    figure.savefig(path, dpi=150, facecolor="white")


def _draw_limits(axes: Axes, limit: float | None, top: float) -> None:
    """The digits of the format, and the level below which nothing is significant."""
    if limit is not None:
        axes.axhline(limit, color=INK, linewidth=0.8, linestyle=":")
    axes.set_ylim(-0.02 * top, 1.06 * top)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)


def _number(value: Any, positive: bool) -> float | None:
    try:
        number = abs(float(value)) if positive else float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and (number > 0 or not positive) else None


def _or_nan(values: list[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _finite(given: Any) -> npt.NDArray[np.float64]:
    one = np.asarray(given, np.float64).reshape(-1)
    return one[~np.isnan(one)]
