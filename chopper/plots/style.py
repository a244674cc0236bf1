"""What the figures have in common: colours, kinds of lines, titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "INK", "colour", "figure_of", "line_style", "titled"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8a8a8a")
"""Colours that are told apart without red and green (Okabe and Ito)."""

_STYLES = ("-", "--", ":", "-.")
"""Kinds of lines, one per round through the colours."""

INK = "#222222"
"""The colour of texts and axes."""


def figure_of(width: float, height: float, title: str) -> Figure:
    """Return an empty figure, in inches, with a title."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(width, height))
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    if title:
        figure.suptitle(title, fontsize=14, fontweight="bold", color=INK, x=0.01, ha="left")
    return figure


def colour(i: int) -> str:
    """Return the colour of the i-th format."""
    return COLOURS[i % len(COLOURS)]


def line_style(i: int) -> dict[str, Any]:
    """Return colour and kind of the line of the i-th format."""
    return {"color": colour(i), "linestyle": _STYLES[i // len(COLOURS) % len(_STYLES)]}


def titled(axes: Axes, title: str, label: str) -> None:
    """Set title and label of an axis, and take away what is not needed."""
    axes.set_title(title, loc="left", fontsize=11.5, color=INK)
    axes.set_xlabel(label, color=INK)
    axes.tick_params(colors=INK, labelsize=9)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
