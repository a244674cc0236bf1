"""Matrix units of real hardware: models that return what the instruction returns, bit for bit.

A unit is one row of data.  It is used on codes by `products`, and on numbers by ``chopper.matmul(a, b, accumulate=u)``.
"""

from chopper.hardware.base import Unit
from chopper.hardware.casts import Conversion, conversion, conversions
from chopper.hardware.chains import EvenOddChain, ExactSum, FusedChain, PairSum, PairTree, Rules
from chopper.hardware.codes import products
from chopper.hardware.models import FusedSum, GroupedSum, IntegerSum, StagedSum
from chopper.hardware.registry import unit, units

__all__ = [
    "Conversion",
    "EvenOddChain",
    "ExactSum",
    "FusedChain",
    "FusedSum",
    "GroupedSum",
    "IntegerSum",
    "PairSum",
    "PairTree",
    "Rules",
    "StagedSum",
    "Unit",
    "conversion",
    "conversions",
    "products",
    "unit",
    "units",
]
