"""A recipe as layers and compilers carry it: tuples of texts and numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from chopper import chop
from chopper.recipes import Gemm, Quant, Recipe
from chopper.recipes.accumulation import accumulation_text
from chopper_ext.torch.compiling import constant

__all__ = ["NOWHERE", "Product", "Spec", "number", "quant_of", "spec_of"]


class Product(NamedTuple):
    """A `Gemm`; None stands for what is not rounded, and for the framework's own product."""

    lhs: str | None
    rhs: str | None
    accumulate: str | None
    out: str | None
    gain: str | None  # what the product is multiplied by; a text, since compilers make inputs of floats


class Spec(NamedTuple):
    """A `Recipe`."""

    forward: Product
    dgrad: Product
    wgrad: Product
    bias: str | None
    elementwise: str | None
    grad_elementwise: str | None
    input_passes: tuple[str, str] | None  # between which bounds gradients of the input pass; None: everywhere
    weight_passes: tuple[str, str] | None


NOWHERE = ("1", "-1")
"""Bounds between which nothing lies."""


@lru_cache(maxsize=1024)
def quant_of(text: str) -> Quant:
    """Return the quant of a text."""
    return Quant.parse(text)


@lru_cache(maxsize=256)
def spec_of(recipe: Recipe) -> Spec:
    """Return a recipe as a tuple."""
    return Spec(
        _product(recipe.forward),
        _product(recipe.dgrad),
        _product(recipe.wgrad),
        _text(recipe.bias),
        _text(recipe.elementwise),
        _text(recipe.grad_elementwise),
        _passes(recipe.forward.lhs),
        _passes(recipe.forward.rhs),
    )


def _product(gemm: Gemm) -> Product:
    adder = None if gemm.accumulate is None else accumulation_text(gemm.accumulate)
    gain = None if gemm.gain == 1 else float(np.float32(gemm.gain)).hex()
    return Product(_text(gemm.lhs), _text(gemm.rhs), adder, _text(gemm.out), gain)


def _text(quant: Quant | None) -> str | None:
    return None if quant is None else str(quant)


def _passes(quant: Quant | None) -> tuple[str, str] | None:
    if quant is None or quant.ste == "identity":
        return None
    if quant.ste == "none":
        return NOWHERE
    fmt = quant.format
    low, high = (float(chop(float(bound), "fp32", "toward_zero", overflow="saturate")) for bound in (fmt.min, fmt.max))
    return low.hex(), high.hex()


@constant
def number(text: str) -> float:
    """Return the number of a text."""
    return float.fromhex(text)
