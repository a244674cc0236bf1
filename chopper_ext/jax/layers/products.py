"""The three products of a layer with weights, of any contraction: the value, and both gradients."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax

from chopper import matmul
from chopper.recipes import Gemm, Recipe, accumulator_of
from chopper_ext.jax.contraction import Contraction, Dimensions
from chopper_ext.jax.layers.operands import masked, operand, role_key, undone

__all__ = ["Setting", "three_products"]


class Setting(NamedTuple):
    """What does not change from call to call of what is compiled."""

    recipe: Recipe
    dimensions: Dimensions
    precision: Any

    def contraction(self, x: Any, w: Any) -> Contraction:
        """Return the contraction of an input and a weight."""
        return Contraction.of(self.dimensions, x.ndim, w.ndim)

    def plain(self, x: Any, w: Any) -> Any:
        """Return JAX's own product in the dtype of the operands."""
        return lax.dot_general(x, w, self.dimensions, self.precision, preferred_element_type=x.dtype)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def three_products(setting: Setting, x: Any, w: Any, bias: Any, key: Any) -> Any:
    """Return the contraction of an input and a weight, and in reverse mode its gradients, by the products of a recipe.

    Parameters
    ----------
    setting : Setting
    x, w : array
        float32 or float64, of one dtype.
    bias : array or None
        Of the dtype too, as long as the last axis of the result: what the products are added to; after the gains of
        operands are undone, if they have some.  Its gradient is the sum of JAX, not rounded.
    key : two words, or None
        Of this call.
    """
    how, gemm = setting.contraction(x, w), setting.recipe.forward
    rows = operand(how.rows(x), gemm.lhs, -1, key, "forward.lhs")
    weight = operand(how.transposed_columns(w), gemm.rhs, -1, key, "forward.rhs")
    bias = None if bias is None else operand(bias, setting.recipe.bias, -1, key, "bias")
    inside = bias if gemm.gain == 1 else None
    if gemm.accumulate is None:
        left = x if gemm.lhs is None else how.left_again(rows, x)
        right = w if gemm.rhs is None else how.right_again(weight, w)
        y = how.product(setting.plain(left, right))
        y = y if inside is None else y + inside
    else:
        y = _added(rows, weight.swapaxes(-1, -2), inside, gemm, key, "forward")
    y = undone(y, gemm)
    y = y if bias is None or inside is not None else y + bias
    return how.result(operand(y, gemm.out, -1, key, "forward.out"), x, w)


def _forward(setting: Setting, x: Any, w: Any, bias: Any, key: Any) -> tuple[Any, Any]:
    return three_products(setting, x, w, bias, key), (x, w, bias is not None, key)


def _backward(setting: Setting, kept: tuple[Any, ...], g: Any) -> tuple[Any, ...]:
    x, w, has_bias, key = kept
    none = None if key is None else np.zeros(np.shape(key), jax.dtypes.float0)
    of_bias = g.reshape(-1, g.shape[-1]).sum(0) if has_bias else None
    of_x, of_w = (_gradient(setting, name, x, w, key, g) for name in ("dgrad", "wgrad"))
    return of_x, of_w, of_bias, none


three_products.defvjp(_forward, _backward)


def _gradient(setting: Setting, name: str, x: Any, w: Any, key: Any, g: Any) -> Any:
    """Return g W, contracted over the features of the output, or of wgrad g^T x, over all other axes as one."""
    how, gemm, forward = setting.contraction(x, w), getattr(setting.recipe, name), setting.recipe.forward
    left = x, how.rows, how.left_again, forward.lhs
    right = w, how.transposed_columns, how.right_again, forward.rhs
    of_x = name == "dgrad"
    (wanted, matrix, again, passing), (fixed, fixed_matrix, fixed_again, _) = (left, right) if of_x else (right, left)
    rows = operand(how.product(g), gemm.lhs, -1 if of_x else -2, key, f"{name}.lhs")
    other = operand(fixed_matrix(fixed), gemm.rhs, -2, key, f"{name}.rhs")
    if gemm.accumulate is None:
        fixed = fixed if gemm.rhs is None else fixed_again(other, fixed)
        _, pull = jax.vjp(partial(setting.plain, w=fixed) if of_x else partial(setting.plain, fixed), wanted)
        made = matrix(pull(how.result(rows, x, w))[0])
    else:
        made = _added(rows if of_x else rows.swapaxes(-1, -2), other, None, gemm, key, name)
    made = operand(undone(made, gemm), gemm.out, -1, key, f"{name}.out")
    return masked(again(made, wanted), wanted, passing)


def _added(a: Any, b: Any, c: Any, gemm: Gemm, key: Any, name: str) -> Any:
    accumulate = accumulator_of(gemm.accumulate)
    drawn = role_key(key, f"{name}.accumulate")
    return matmul(a, b, c, accumulate=accumulate, key=drawn).astype(a.dtype)
