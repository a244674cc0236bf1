"""Products, softmax and attention by a recipe, as functions."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from chopper.errors import PolicyError, RandomKeyError, UnsupportedInputError
from chopper.random import Keys
from chopper.recipes import Gemm, Recipe
from chopper_ext.torch.compiling import constant
from chopper_ext.torch.layers.attention import attend
from chopper_ext.torch.layers.base import Stream
from chopper_ext.torch.layers.operands import Call, signed
from chopper_ext.torch.layers.points import around
from chopper_ext.torch.layers.products import three_products
from chopper_ext.torch.layers.spec import Spec, spec_of

__all__ = ["matmul", "scaled_dot_product_attention", "softmax"]


def matmul(
    a: torch.Tensor, b: torch.Tensor, *, gemm: Gemm | str | None = None, recipe: Recipe | str | None = None,
    key: Any = None,
) -> torch.Tensor:  # fmt: skip
    """Return ``a @ b`` by a product, or by the three products of a recipe.

    Parameters
    ----------
    a, b : Tensor
        (..., M, K) and (..., K, N) in float32 or float64; leading axes broadcast.
    gemm : Gemm or str
        How the operands are rounded along K, the terms added and the result rounded.  Gradients are those of
        torch's own product at `a` and `b`: straight through every rounding.
    recipe : Recipe or str
        In place of `gemm`: `a` is the input of a layer, `b` its weight, transposed; gradients are dgrad and wgrad.
    key : int, optional
        The key of the call, see `chopper.recipes.key_of`; None draws fresh entropy where something is random, which
        a graph cannot.

    Raises
    ------
    PolicyError
        If not one of `gemm` and `recipe` is given, or it is not legal.
    UnsupportedInputError
        If the operands do not go together.

    Examples
    --------
    >>> a = torch.full((1, 4), 0.3)
    >>> matmul(a, torch.ones(4, 1), gemm="e4m3 @ e4m3 by bf16").item()
    1.25
    """
    if (gemm is None) == (recipe is None):
        raise PolicyError("pass gemm= or recipe=, and not both")
    if a.dim() < 2 or b.dim() < 2 or a.shape[-1] != b.shape[-2] or not _broadcast(a.shape[:-2], b.shape[:-2]):
        raise UnsupportedInputError(
            f"shapes {tuple(a.shape)} and {tuple(b.shape)} do not go together; legal: (..., M, K) and (..., K, N), "
            "whose leading axes broadcast"
        )
    a, b = _alike(a, b)
    spec, call = _read(recipe, gemm), _call(_draws(recipe, gemm), key)
    if b.dim() == 2:
        rows = three_products(a.reshape(-1, a.shape[-1]), b.mT, None, spec, call)
        return rows.reshape(*a.shape[:-1], b.shape[-1])
    lead = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # type: ignore[no-untyped-call]
    return three_products(a.expand(*lead, *a.shape[-2:]), b.expand(*lead, *b.shape[-2:]).mT, None, spec, call)


def _broadcast(a: Any, b: Any) -> bool:
    """Whether shapes broadcast."""
    return all(x == y or x == 1 or y == 1 for x, y in zip(a[::-1], b[::-1], strict=False))


def softmax(x: torch.Tensor, dim: int = -1, *, recipe: Recipe | str, key: Any = None) -> torch.Tensor:
    """Return torch's own softmax, rounded by ``elementwise`` of a recipe; its gradient by ``grad_elementwise``."""
    return around(partial(torch.softmax, dim=dim), x, _read(recipe), _call(_draws(recipe), key))


def scaled_dot_product_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    recipe: Recipe | str,
    random_key: Any = None,
) -> torch.Tensor:
    """Return what `torch.nn.functional.scaled_dot_product_attention` computes, by a recipe.

    The steps are those of `chopper_ext.torch.layers.attention.attend`, in float32 or float64.  A boolean mask is True
    where attention is allowed, as there.

    Raises
    ------
    UnsupportedInputError
        If a mask is given and ``is_causal`` too.
    """
    mask = attn_mask
    if is_causal:
        if mask is not None:
            raise UnsupportedInputError("attn_mask and is_causal=True are both given; pass one of them")
        mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill(~mask, -math.inf)
    query, key, value = _alike(query, key, value)
    keys = _Keys(_call(_draws(recipe), random_key))
    return attend(query, key, value, _read(recipe), keys.next_call, mask, dropout_p, scale)[0]


class _Keys:
    """The calls of one attention: the n-th has the n-th key of the stream on its key."""

    def __init__(self, call: Call) -> None:
        self.call, self.count = call, -1

    def next_call(self) -> Call:
        """Return the next one."""
        self.count += 1
        return Call(_nth(self.call.key, self.count))


@constant
def _nth(key: int, n: int) -> int:
    return signed(Keys(key % (1 << 64)).at(n))


@constant
def _read(recipe: Any, gemm: Any = None) -> Spec:
    return spec_of(Recipe(forward=Gemm.of(gemm)) if recipe is None else Recipe.of(recipe))


@constant
def _draws(recipe: Any, gemm: Any = None) -> bool:
    return Gemm.of(gemm).draws if recipe is None else Recipe.of(recipe).draws


def _call(draws: bool, key: Any) -> Call:
    if not draws:
        return Call()
    if torch.compiler.is_compiling():
        if not isinstance(key, int):
            _complain()
        return Call(key)
    return Call(Stream(key).key)


@constant
def _complain() -> None:
    raise RandomKeyError("what draws random words needs a key in a graph, which would else repeat one draw; pass key=")


def _alike(*tensors: torch.Tensor) -> list[torch.Tensor]:
    wide = torch.float64 if any(x.dtype == torch.float64 for x in tensors) else torch.float32
    return [x.to(wide) for x in tensors]
