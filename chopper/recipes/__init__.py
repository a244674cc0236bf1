"""Recipes: how a network is rounded, as data, for every framework.

`Quant` says how one operand is rounded, `Gemm` how a product is made, `Recipe` how a network is; `preset` gives named
ones, each with its source.  `quantize` is the one function by which layers round operands.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from chopper.recipes.accumulation import accumulator_of
from chopper.recipes.gemm import Gemm
from chopper.recipes.modelopt import from_modelopt
from chopper.recipes.operand import ROLES, axes_of, key_of, quantize, rotated, scaled_by, signs_of
from chopper.recipes.presets import PRESETS, Preset, preset, presets
from chopper.recipes.quant import Quant
from chopper.recipes.recipe import GEMMS, Recipe

__all__ = [
    "GEMMS",
    "PRESETS",
    "ROLES",
    "Gemm",
    "Preset",
    "Quant",
    "Recipe",
    "accumulator_of",
    "axes_of",
    "from_modelopt",
    "key_of",
    "preset",
    "presets",
    "quantize",
    "rotated",
    "scaled_by",
    "signs_of",
]


def __getattr__(name: str) -> Any:
    """Return ``preset`` of the name that is asked for: ``recipes.mxfp8()``."""
    if name in presets():
        return partial(preset, name)
    raise AttributeError(f"module 'chopper.recipes' has no attribute {name!r}; its presets: {', '.join(presets())}")
