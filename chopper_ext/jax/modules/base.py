"""What every converted module has: its recipe, and its stream of keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import count
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from chopper.errors import UnsupportedInputError
from chopper.recipes import Recipe
from chopper_ext.jax.layers.points import apart
from chopper_ext.jax.streams import nth
from chopper_ext.jax.words import key_words, traced

__all__ = ["ChopModule", "over", "plain_of", "widened"]


class ChopModule(eqx.Module):
    """A mixin of converted modules; the class in `plain` is what they were before.

    Run n of a module that draws c times asks for the keys n c, n c + 1, ... of its stream.
    """

    plain: ClassVar[Any]
    recipe: Recipe = eqx.field(static=True)
    stream: Any
    step: Any

    def __init__(self, module: Any, recipe: Recipe, stream: Any, step: Any) -> None:
        for one in fields(self.plain):
            setattr(self, one.name, getattr(module, one.name))
        self.recipe = recipe
        self.stream = stream
        self.step = step

    @property
    def plain_products(self) -> bool:
        """Whether the recipe says nothing of products and their biases, so that they are those of Equinox."""
        return self.recipe.bias is None and all(gemm.plain for _, gemm in self.recipe.gemms)

    def calls(self, draws: int, key: Any, *operands: Any) -> Callable[[], Any]:
        """Return a function that gives the keys of one run, one after the other; None where nothing is drawn.

        A `key` of the caller stands for the stream: it is that of the run, or where the run asks for several, the base
        of them.

        Raises
        ------
        RandomKeyError
            If there is none where one is needed.
        """
        if not self.recipe.draws:
            return lambda: None
        words = jnp.asarray(key_words(self.stream if key is None else key, traced(operands, jnp.zeros(()))))
        if key is not None and draws == 1:
            return lambda: words
        places = count()
        first = 0 if key is not None or self.step is None else self.step * draws
        return lambda: nth(words, first + next(places))

    def rounded(self, x: Any, call: Any) -> Any:
        """Return a result that is no product, rounded by ``elementwise``; its gradient by ``grad_elementwise``."""
        return apart(x, self.recipe.elementwise, self.recipe.grad_elementwise, call)


def plain_of(module: ChopModule) -> Any:
    """Return a module as it was before its conversion, with the parameters that it has now."""
    plain = object.__new__(module.plain)
    for one in fields(module.plain):
        object.__setattr__(plain, one.name, getattr(module, one.name))
    return plain


def widened(x: Any, *parameters: Any) -> Any:
    """Return an input in the dtype of the parameters, which must be float32 or float64.

    Raises
    ------
    UnsupportedInputError
        If they are narrower: their values are not those of the recipe.
    """
    dtypes = {p.dtype for p in parameters if p is not None}
    if len(dtypes) != 1 or not dtypes <= {jnp.dtype("float32"), jnp.dtype("float64")}:
        raise UnsupportedInputError(
            f"parameters of dtype {', '.join(map(str, dtypes))} cannot be used with a recipe; keep them in float32, "
            "and say in the recipe how they are rounded"
        )
    return jnp.asarray(x).astype(dtypes.pop())


def over(run: Callable[[Any], Any], x: Any, rank: int) -> Any:
    """Return what a function of an array of a rank gives for each one along the leading axes of a larger array."""
    for _ in range(x.ndim - rank):
        run = jax.vmap(run)
    return run(x)
