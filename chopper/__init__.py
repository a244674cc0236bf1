"""chopper: bit-exact emulation of low-precision number formats."""

from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

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
    UnknownUnitError,
    UnsupportedInputError,
)
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.float import FloatFormat
from chopper.formats.registry import formats, get, register
from chopper.rotation import hadamard
from chopper.rounding import Overflow, Rounding
from chopper.scaled import ScaledArray

if TYPE_CHECKING:
    from chopper import analysis, hardware, linalg, ops, recipes
    from chopper.accumulate import Accumulator
    from chopper.arithmetic import Arithmetic
    from chopper.arrays import ChopArray, array
    from chopper.convolution import conv
    from chopper.emulation import emulate
    from chopper.gemm import dot, matmul
    from chopper.recipes import Gemm, Quant, Recipe

__version__ = "0.1.0"

__all__ = [
    "Accumulator",
    "Arithmetic",
    "ChopArray",
    "ChopperError",
    "FloatFormat",
    "Format",
    "FormatError",
    "Gemm",
    "OutputError",
    "Overflow",
    "PolicyError",
    "Quant",
    "RandomKeyError",
    "RangeError",
    "Recipe",
    "Rounding",
    "RoundingError",
    "ScaledArray",
    "UnknownFormatError",
    "UnknownUnitError",
    "UnsupportedInputError",
    "analysis",
    "array",
    "chop",
    "conv",
    "decode",
    "dot",
    "emulate",
    "encode",
    "finfo",
    "formats",
    "get",
    "hadamard",
    "hardware",
    "linalg",
    "matmul",
    "ops",
    "recipes",
    "register",
]

_LATER = MappingProxyType(
    {
        "Accumulator": "chopper.accumulate",
        "Arithmetic": "chopper.arithmetic",
        "ChopArray": "chopper.arrays",
        "Gemm": "chopper.recipes",
        "Quant": "chopper.recipes",
        "Recipe": "chopper.recipes",
        "array": "chopper.arrays",
        "conv": "chopper.convolution",
        "dot": "chopper.gemm",
        "emulate": "chopper.emulation",
        "matmul": "chopper.gemm",
    }
)


def __getattr__(name: str) -> Any:
    """Import on first use what rounding alone does not need: names of other modules, and every module by its name."""
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    if not name.startswith("_") and find_spec(f"chopper.{name}") is not None:
        return import_module(f"chopper.{name}")
    raise AttributeError(f"module 'chopper' has no attribute {name!r}")
