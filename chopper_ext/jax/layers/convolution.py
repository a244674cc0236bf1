"""Convolutions by three products of a recipe: blocks of shared scales lie along the axis that is contracted.

That is the axis of channels in forward (of image and kernel) and dgrad (of gradient and kernel), whose terms run over
positions of the kernel besides, and the axis of images in wgrad (of gradient and image), whose terms run over positions
of the result.  Blocks of results lie along axis 1.  With an accumulator each one is a `chopper.conv`, the contracted
axis slowest: dgrad is that of the gradient, spread by the stride, with the kernel turned round; wgrad is that of the
images with the gradient for a kernel, images and channels swapped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chopper import Accumulator, conv
from chopper.errors import UnsupportedInputError
from chopper.recipes import Gemm, Recipe, accumulator_of
from chopper_ext.jax.layers.operands import masked, operand, role_key, undone

__all__ = ["Steps", "around", "convolution"]


def around(
    x: Any, pads: Any, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...],
    mode: str = "constant",
) -> tuple[Any, tuple[int, ...]]:  # fmt: skip
    """Return an image (..., *spatial) with what is put around it first, and the padding of the convolution itself.

    `pads` are pairs for each axis, or a word of JAX.  Zeros that are as many at both ends are the convolution's own;
    other ones, those that a word stands for, and what `mode` of `jax.numpy.pad` makes are put around first.
    """
    axes = len(kernel)
    if isinstance(pads, str) and pads.upper() != "VALID":
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        pads = lax.padtype_to_pads(x.shape[-axes:], spans, stride, pads)
    elif isinstance(pads, str):
        return x, (0,) * axes
    elif mode == "constant" and all(low == high >= 0 for low, high in pads):
        return x, tuple(int(low) for low, _ in pads)
    outer = [(0, 0)] * (x.ndim - axes)
    return jnp.pad(x, [*outer, *((int(low), int(high)) for low, high in pads)], mode), (0,) * axes


class Steps(NamedTuple):
    """How a kernel moves over an image: one number for each axis of the image."""

    stride: tuple[int, ...]
    """From one position of the kernel to the next."""
    padding: tuple[int, ...]
    """Zeros at both ends."""
    dilation: tuple[int, ...]
    """From one number of the kernel to the next."""
    groups: int
    """Of channels."""
    precision: Any = lax.Precision.HIGHEST
    """Of JAX's own convolution."""

    def plain(self, x: Any, w: Any) -> Any:
        """Return JAX's own convolution."""
        return lax.conv_general_dilated(
            x,
            w,
            self.stride,
            [(p, p) for p in self.padding],
            rhs_dilation=self.dilation,
            feature_group_count=self.groups,
            precision=self.precision,
        )


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def convolution(recipe: Recipe, steps: Steps, x: Any, w: Any, bias: Any, key: Any) -> Any:
    """Return a convolution and, in reverse mode, its gradients, by the products of a recipe.

    Parameters
    ----------
    recipe : Recipe
    steps : Steps
    x : array
        Images (N, C, *spatial), float32 or float64.
    w : array
        Kernels (O, C / groups, *kernel), of the same dtype.
    bias : array or None
        (O,): what the products are added to, as in `three_products`.  Its gradient is the sum of JAX, not rounded.
    key : two words, or None
        Of this call.

    Raises
    ------
    UnsupportedInputError
        If the recipe adds up by a unit of hardware, which knows no convolutions.
    """
    gemm = recipe.forward
    left = operand(x, gemm.lhs, 1, key, "forward.lhs", 0)
    right = operand(w, gemm.rhs, 1, key, "forward.rhs", 0)
    bias = None if bias is None else operand(bias, recipe.bias, -1, key, "bias")
    inside = bias if gemm.gain == 1 else None
    if gemm.accumulate is not None:
        y = undone(_added(left, right, inside, steps, gemm, key, "forward"), gemm)
    else:
        y = steps.plain(left, right)
        y = undone(y if inside is None else y + _spatial(inside, y), gemm)
    y = y if bias is None or inside is not None else y + _spatial(bias, y)
    return operand(y, gemm.out, 1, key, "forward.out", 0)


def _forward(recipe: Recipe, steps: Steps, x: Any, w: Any, bias: Any, key: Any) -> tuple[Any, Any]:
    return convolution(recipe, steps, x, w, bias, key), (x, w, bias is not None, key)


def _backward(recipe: Recipe, steps: Steps, kept: tuple[Any, ...], g: Any) -> tuple[Any, ...]:
    x, w, has_bias, key = kept
    none = None if key is None else np.zeros(np.shape(key), jax.dtypes.float0)
    of_bias = g.sum((0, *range(2, g.ndim))) if has_bias else None
    return _of_input(recipe, steps, x, w, key, g), _of_weight(recipe, steps, x, w, key, g), of_bias, none


convolution.defvjp(_forward, _backward)


def _of_input(recipe: Recipe, steps: Steps, x: Any, w: Any, key: Any, g: Any) -> Any:
    gemm = recipe.dgrad

    def own(left: Any, right: Any) -> Any:
        return jax.vjp(lambda x: steps.plain(x, right), x)[1](left)[0]

    def added(left: Any, right: Any) -> Any:
        flat = Steps((1,) * (x.ndim - 2), (0,) * (x.ndim - 2), steps.dilation, steps.groups)
        spread, turned = _spread(left, x.shape[2:], w.shape[2:], steps), _turned(right, steps.groups)
        return _added(spread, turned, None, flat, gemm, key, "dgrad")

    made = _gradient("dgrad", gemm, key, (g, 1, 0), (w, 0, 1), own if gemm.accumulate is None else added)
    return masked(made, x, recipe.forward.lhs)


def _of_weight(recipe: Recipe, steps: Steps, x: Any, w: Any, key: Any, g: Any) -> Any:
    gemm = recipe.wgrad

    def own(left: Any, right: Any) -> Any:
        return jax.vjp(lambda w: steps.plain(right, w), w)[1](left)[0]

    def added(left: Any, right: Any) -> Any:
        swapped = Steps(steps.dilation, steps.padding, steps.stride, steps.groups)
        parts = jnp.moveaxis(right.reshape(len(right), steps.groups, -1, *right.shape[2:]), 2, 0).swapaxes(1, 2)
        images = parts.reshape(len(parts), -1, *right.shape[2:])  # (C / groups, groups N, ...)
        made = _added(images, left.swapaxes(0, 1), None, swapped, gemm, key, "wgrad").swapaxes(0, 1)
        return made[(..., *(slice(0, n) for n in w.shape[2:]))]

    made = _gradient("wgrad", gemm, key, (g, 0, 1), (x, 0, 1), own if gemm.accumulate is None else added)
    return masked(made, w, recipe.forward.rhs)


def _gradient(name: str, gemm: Gemm, key: Any, lhs: Any, rhs: Any, product: Callable[..., Any]) -> Any:
    """Return a product of operands, each with its contraction axis and the other one of blocks of two axes."""
    left = operand(lhs[0], gemm.lhs, lhs[1], key, f"{name}.lhs", lhs[2])
    right = operand(rhs[0], gemm.rhs, rhs[1], key, f"{name}.rhs", rhs[2])
    return operand(undone(product(left, right), gemm), gemm.out, 1, key, f"{name}.out", 0)


def _spatial(bias: Any, y: Any) -> Any:
    return bias.reshape(-1, *(1,) * (y.ndim - 2))


def _turned(w: Any, groups: int) -> Any:
    """Return kernels (O, C / groups, *kernel) turned round, as (C, O / groups, *kernel)."""
    per = w.shape[0] // groups
    parts = w.reshape(groups, per, *w.shape[1:]).swapaxes(1, 2)
    return jnp.flip(parts.reshape(-1, per, *w.shape[2:]), range(2, w.ndim))


def _spread(g: Any, sizes: tuple[int, ...], kernel: tuple[int, ...], steps: Steps) -> Any:
    """Return a gradient spread by the stride, with the zeros around it that give the image back its size."""
    pads = [(0, 0, 0), (0, 0, 0)]
    for n, size, k, stride, padding, dilation in zip(
        g.shape[2:], sizes, kernel, steps.stride, steps.padding, steps.dilation, strict=True
    ):
        reach = dilation * (k - 1)
        pads.append((reach - padding, size + padding - ((n - 1) * stride + 1), stride - 1))
    return lax.pad(g, jnp.zeros((), g.dtype), pads)


def _added(x: Any, w: Any, bias: Any, steps: Steps, gemm: Gemm, key: Any, name: str) -> Any:
    """Return a convolution by an accumulator, called back on the host."""
    by = accumulator_of(gemm.accumulate)
    if not isinstance(by, Accumulator):
        raise UnsupportedInputError(
            f"accumulate={gemm.accumulate!r} has no convolutions; give the products of this layer an Accumulator, or "
            "name it in skip="
        )
    sizes = zip(x.shape[2:], w.shape[2:], *steps[:3], strict=True)
    room = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes]
    shape = jax.ShapeDtypeStruct((x.shape[0], w.shape[0], *room), x.dtype)  # type: ignore[no-untyped-call]
    call = partial(_on_host, by, steps)
    return jax.pure_callback(call, shape, x, w, bias, role_key(key, f"{name}.accumulate"), vmap_method="sequential")


def _on_host(by: Accumulator, steps: Steps, x: Any, w: Any, bias: Any, key: Any) -> Any:
    arrays = [None if one is None else np.asarray(one) for one in (x, w, bias)]
    drawn = None if key is None else np.asarray(key)
    stride, padding, dilation, groups = steps[:4]
    made = conv(*arrays, stride=stride, padding=padding, dilation=dilation, groups=groups, accumulate=by, key=drawn)
    return made.astype(x.dtype)
