"""Arrays of a format: NumPy duck arrays whose every operation is rounded once, from the exact result."""

from chopper.arrays.creation import array
from chopper.arrays.duck import ChopArray
from chopper.arrays.elementwise import known_names
from chopper.arrays.functions import known_functions

__all__ = ["ChopArray", "array", "known_functions", "known_names"]
