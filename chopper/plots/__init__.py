"""Figures: what formats do to data, and what they are; matplotlib is loaded when one is drawn."""

from chopper.plots.errors import plot_errors
from chopper.plots.formats import plot_formats
from chopper.plots.studies import plot_digits, plot_sweep, plot_ulps

__all__ = ["plot_digits", "plot_errors", "plot_formats", "plot_sweep", "plot_ulps"]
