"""Discrete stochastic arithmetic: how many digits of a result random rounding leaves alone.

Every inexact operation is rounded up or down by chance, a computation is done a few times, and the digits that the
results have in common are taken for the significant ones (J. Vignes, M. La Porte, "Error analysis in computing", IFIP
Congress 1974; F. Jézéquel, J.-M. Chesneaux, "CADNA: a library for estimating round-off error propagation", Comput.
Phys. Commun. 178 (2008), doi:10.1016/j.cpc.2008.02.003).
"""

from chopper.stochastic.arithmetic import StochasticArithmetic
from chopper.stochastic.estimate import is_noise, significant_digits, student_value
from chopper.stochastic.runs import Significance, significance
from chopper.stochastic.sampled import Sampled

__all__ = [
    "Sampled",
    "Significance",
    "StochasticArithmetic",
    "is_noise",
    "significance",
    "significant_digits",
    "student_value",
]
