"""The demonstration: a neural network, a least squares problem and a series, in every named format."""

from chopper.demo.digits import Score, digit_scores
from chopper.demo.harmonic import HarmonicSum, harmonic_sum
from chopper.demo.least_squares import Fit, fits
from chopper.demo.parts import Demo, run
from chopper.demo.shown import shown

__all__ = ["Demo", "Fit", "HarmonicSum", "Score", "digit_scores", "fits", "harmonic_sum", "run", "shown"]
