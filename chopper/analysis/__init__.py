"""What formats do to data and to computations: errors, backward errors, sweeps, and where precision was lost."""

from chopper.analysis.accumulators import accumulator_bits
from chopper.analysis.backward import backward_error, product_error
from chopper.analysis.references import Accuracy, measure, spacing, ulp_errors
from chopper.analysis.statistics import Errors, as_finite, compare, errors
from chopper.analysis.sweeps import Outcome, rounder, rows_of, sweep, text_of
from chopper.analysis.traces import Trace, Traced

__all__ = [
    "Accuracy",
    "Errors",
    "Outcome",
    "Trace",
    "Traced",
    "accumulator_bits",
    "as_finite",
    "backward_error",
    "compare",
    "errors",
    "measure",
    "product_error",
    "rounder",
    "rows_of",
    "spacing",
    "sweep",
    "text_of",
    "ulp_errors",
]
