"""Convolutions over any accumulator, as matrix products of unfolded images."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from chopper.accumulate import Accumulator
from chopper.engine.gemm.operands import Operand
from chopper.engine.gemm.task import task_of
from chopper.engine.inputs import check_out
from chopper.engine.plan import carrier_width
from chopper.errors import UnsupportedInputError
from chopper.gemm import matmul
from chopper.random import as_key

__all__ = ["conv"]

_Array = npt.NDArray[Any]
_Shape = tuple[int, ...]

_UNFOLDED = 1 << 20
"""Numbers that a piece of the work unfolds to, unless one image has more."""


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: int | _Shape = 1,
    padding: int | _Shape = 0,
    dilation: int | _Shape = 1,
    groups: int = 1,
    accumulate: Accumulator | None = None,
    out: Any = None,
    key: Any = None,
    threads: int | None = None,
) -> Any:
    """Return the convolution of images of 1 to 3 axes, as layers of networks have it, over any accumulator.

    An element of the result is a dot product of K = C / groups * (positions of the kernel) terms,

        out[n, o, i] = bias[o] + sum over c, j of weight[o, c, j] x[n, first + c, i stride + j dilation - padding]

    with `first` the first channel of the group of o; i and j have as many axes as an image.  The kernel is not turned
    round.  Term k is that of channel c and position j of the kernel in C order: the channel varies slowest, the last
    axis of the kernel fastest, as in ``weight[o].ravel()``.  a_k is the weight, b_k the number of the image.
    `Accumulator` tells which roundings are made of these terms; the bias is its c.

    Padding is with +0, and such terms are terms like others: their products are exact zeros with the sign of the
    weight, NaN where that is infinite or NaN; they are rounded and added, and have random words.

    Parameters
    ----------
    x : array
        Images, of shape (N, C, *spatial), with 1 to 3 spatial axes.  Elements as for `chopper.matmul`.
    weight : array
        Kernels, of shape (O, C / groups, *kernel); group g makes the results g O / groups ... (g + 1) O / groups - 1.
    bias : array, optional
        Of shape (O,).
    stride, padding, dilation : int or tuple of int
        For all spatial axes, or one for each: step between positions, zeros put on at both ends, step within a kernel.
    groups : int
        Divides C and O.
    accumulate : Accumulator
        Formats, mode and order, as for `chopper.matmul`; by default float32, to nearest even, in sequence.
    out : array, optional
        Where the result goes, of its shape and dtype; it is written at the end, and may overlap the operands.
    key : int, pair of uint32, numpy.random.Generator or None
        For random modes: rounding s of element e of the result, counted in C order of the whole result, has the word
        at the index ``e * accumulate.steps(K) + s``.
    threads : int, optional
        How many threads may be used; results do not depend on it.

    Returns
    -------
    array
        Of shape (N, O, *positions), ``(size + 2 padding - dilation (kernel - 1) - 1) // stride + 1`` positions along an
        axis; dtype as from `chopper.matmul`.  Bit-exact: that of the matrix product of the unfolded images.  As many
        images are unfolded at a time as make about a million numbers, at least one; results do not depend on it.

    Raises
    ------
    UnsupportedInputError
        If shapes, dtypes, formats or options do not go together.
    RangeError
        If a rounding overflows under ``overflow="raise"``.
    OutputError
        If `out` cannot be used; it is then untouched.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[256.0, 1, 1, 1, 1]]], np.float32)
    >>> conv(x, np.ones((1, 1, 3), np.float32), accumulate=Accumulator(sum="bf16")).tolist()
    [[[256.0, 3.0, 3.0]]]
    >>> conv(x, np.ones((1, 1, 3), np.float32), padding=1, stride=2).tolist()
    [[[257.0, 3.0, 2.0]]]
    """
    images, kernels = Operand(x), Operand(weight)
    plan = _planned(images.values.shape, kernels.values.shape, stride, padding, dilation, groups)
    addend = None if bias is None else _addend(bias, plan)
    by = Accumulator() if accumulate is None else accumulate
    if not isinstance(by, Accumulator):
        raise UnsupportedInputError(f"accumulate={by!r} is no Accumulator; pass one, or leave it out")
    task = task_of(by)
    small = images.small and kernels.small and (addend is None or addend.small)
    dtype = np.dtype(np.float32 if small and carrier_width(task.result.fmt, 32) == 32 else np.float64)
    target = check_out(out, None, plan.shape, dtype)
    result = np.empty(plan.shape, dtype)
    chosen = as_key(key) if task.random else None
    a = kernels.values.reshape(groups, plan.results // groups, plan.terms)
    c = None if addend is None else addend.values.reshape(groups, plan.results // groups, 1)
    size = prod(plan.shape[1:])
    step = max(1, _UNFOLDED // max(1, groups * plan.terms * prod(plan.positions)))
    for n in range(0, len(result), step):
        part = images.values[n : n + step]
        word = None if chosen is None else chosen._replace(offset=chosen.offset + n * size)
        made = matmul(a, _unfolded(part, plan), c, accumulate=by, key=word, threads=threads)
        result[n : n + step] = made.reshape(len(part), *plan.shape[1:])
    if target is None:
        return result
    np.copyto(target, result)
    return out


class _Plan(NamedTuple):
    """A convolution in numbers."""

    stride: _Shape
    padding: _Shape
    dilation: _Shape
    kernel: _Shape
    groups: int
    images: int
    results: int  # channels of the result
    terms: int
    positions: _Shape

    @property
    def shape(self) -> _Shape:
        """Shape of the result."""
        return (self.images, self.results, *self.positions)


def _planned(x: _Shape, weight: _Shape, stride: Any, padding: Any, dilation: Any, groups: Any) -> _Plan:
    axes = len(x) - 2
    if not 1 <= axes <= 3 or len(weight) != len(x):
        raise UnsupportedInputError(
            f"shapes {x} and {weight} do not go together; legal: (N, C, *spatial) and (O, C / groups, *kernel) "
            "with 1 to 3 spatial axes"
        )
    count = _whole("groups", groups, 1)
    if weight[1] * count != x[1] or weight[0] % count:
        raise UnsupportedInputError(
            f"{x[1]} channels, kernels of shape {weight} and groups={count} do not go together; legal: kernels "
            "(O, C / groups, *kernel), and groups that divide C and O"
        )
    steps, zeros, gaps = (
        _each(name, given, least, axes)
        for name, given, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1))
    )
    kernel = weight[2:]
    rooms = [s + 2 * p - d * (k - 1) - 1 for s, p, d, k in zip(x[2:], zeros, gaps, kernel, strict=True)]
    if min(rooms) < 0 or min(kernel) < 1:
        raise UnsupportedInputError(
            f"kernels of size {kernel} with dilation={gaps} do not fit into images of size {x[2:]} with "
            f"padding={zeros}; legal: 1 <= dilation * (kernel - 1) + 1 <= size + 2 * padding"
        )
    positions = tuple(room // step + 1 for room, step in zip(rooms, steps, strict=True))
    return _Plan(steps, zeros, gaps, kernel, count, x[0], weight[0], prod(weight[1:]), positions)


def _each(name: str, given: Any, least: int, axes: int) -> _Shape:
    """Return an option for each axis."""
    several: tuple[Any, ...] = tuple(given) if isinstance(given, (tuple, list)) else (given,) * axes
    if len(several) != axes:
        raise UnsupportedInputError(f"{name}={given!r} is for {len(several)} axes; pass one integer, or {axes}")
    return tuple(_whole(name, one, least) for one in several)


def _whole(name: str, given: Any, least: int) -> int:
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < least:
        raise UnsupportedInputError(f"{name}={given!r} is not legal; legal: integers from {least} on")
    return int(given)


def _addend(bias: Any, plan: _Plan) -> Operand:
    addend = Operand(bias)
    if addend.values.ndim != 1 or len(addend.values) != plan.results:
        raise UnsupportedInputError(f"bias has the shape {addend.values.shape}; legal: ({plan.results},)")
    return addend


def _unfolded(x: _Array, plan: _Plan) -> _Array:
    """Return images (n, C, *spatial) as stacks of matrices (n, groups, terms, positions)."""
    axes = len(plan.kernel)
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in plan.padding)))
    spans = tuple(d * (k - 1) + 1 for d, k in zip(plan.dilation, plan.kernel, strict=True))
    windows = sliding_window_view(padded, spans, axis=tuple(range(2, 2 + axes)))
    cuts = (*(slice(None, None, s) for s in plan.stride), *(slice(None, None, d) for d in plan.dilation))
    windows = windows[(slice(None), slice(None), *cuts)]
    places, inner = range(2, 2 + axes), range(2 + axes, 2 + 2 * axes)
    ordered = windows.transpose(0, 1, *inner, *places)
    return ordered.reshape(len(x), plan.groups, plan.terms, prod(plan.positions))
