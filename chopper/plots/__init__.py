"""Figures: what formats do to data, and what they are; matplotlib is loaded when one is drawn."""

from chopper.plots.errors import plot_errors
from chopper.plots.formats import plot_formats

__all__ = ["plot_errors", "plot_formats"]
