"""chopper: bit-exact emulation of low-precision number formats."""

from chopper.conversion import chop, decode, encode
from chopper.errors import (
    ChopperError,
    FormatError,
    OutputError,
    PolicyError,
    RandomKeyError,
    RangeError,
    RoundingError,
    UnknownFormatError,
    UnsupportedInputError,
)
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.float import FloatFormat
from chopper.formats.registry import formats, get, register
from chopper.rotation import hadamard
from chopper.rounding import Overflow, Rounding
from chopper.scaled import ScaledArray

__version__ = "0.1.0"

__all__ = [
    "ChopperError",
    "FloatFormat",
    "Format",
    "FormatError",
    "OutputError",
    "Overflow",
    "PolicyError",
    "RandomKeyError",
    "RangeError",
    "Rounding",
    "RoundingError",
    "ScaledArray",
    "UnknownFormatError",
    "UnsupportedInputError",
    "chop",
    "decode",
    "encode",
    "finfo",
    "formats",
    "get",
    "hadamard",
    "register",
]
