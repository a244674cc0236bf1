"""A call from its array to rounded rows: the quick way where there is one, the exact way for what that leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.backend import Draw
from chopper.engine.casts import widen
from chopper.engine.families.scaled.choice import Scaling, View, scalings
from chopper.engine.families.scaled.currents import by_currents
from chopper.engine.families.scaled.elements import Elements, best, check, drawn
from chopper.engine.families.scaled.exact import BFLOAT16, BINARY16, DOUBLE, SINGLE, Ieee
from chopper.engine.families.scaled.fused import Fused, by_powers
from chopper.engine.families.scaled.ladders import by_ladders
from chopper.engine.families.scaled.layout import Layout, layout_of
from chopper.engine.families.scaled.passes import multiply
from chopper.engine.families.scaled.presets import Arithmetic, row_of
from chopper.engine.families.scaled.short import by_quotients
from chopper.engine.families.scaled.single import prepared, single_scaling
from chopper.engine.inputs import as_words, code_dtype
from chopper.engine.plan import Request
from chopper.errors import PolicyError
from chopper.formats.scaled import ScaledFormat

__all__ = ["Rows", "ieee_of", "rows_of"]

_Array = npt.NDArray[Any]


class Rows(NamedTuple):
    """What a call gives, in the order of rows: codes or values of elements, codes of scales, zero points."""

    layout: Layout
    elements: _Array
    scales: tuple[_Array, ...]
    points: _Array | None = None


def rows_of(source: _Array, request: Request, draw: Draw, threads: int | None, target: _Array | None) -> Rows:
    """Round an array of at least one element to values, or to codes if there is no target.

    A target has the shape of the array and the dtype of the values, is contiguous and shares no memory with the array.
    It is used where the values lie in the order of rows, and becomes the elements of the result.
    """
    fmt = cast(ScaledFormat, request.fmt)
    if draw.words is not None:
        as_words(draw.words, source.shape)
    row = None if request.compat is None else row_of(request.compat, fmt)
    if row is not None:
        fmt = fmt.with_options(**dict(row.changes), name=fmt.name)
        request = replace(request, fmt=fmt, compat=None)
    check(request, fmt.element)
    single = source.dtype.itemsize <= 4 and source.dtype.kind not in "iub"
    carried = widen(source, np.dtype(np.float32 if single else np.float64))
    if row is not None:
        carried = prepared(carried, row)
    layout = layout_of(fmt, source.shape, request.axis)
    words = drawn(layout, request, draw, threads)
    found = None if row is not None else _across(carried, layout, request, words, threads, target)
    if found is not None:
        return found
    rows = layout.to_rows(carried)
    words = words if words is None or layout.direct else layout.to_rows(words)
    view = View(rows.view(f"i{rows.itemsize}"), layout, fmt, request.axis, request.scale, threads)
    dtype = code_dtype(fmt) if target is None else target.dtype
    goal = target.reshape(-1) if target is not None and layout.direct else np.empty(rows.shape, dtype)
    if row is not None and row.arithmetic is not None:
        return _in_single(view, request, words, goal, row.arithmetic)
    quick = by_powers(view, request, words, goal) or by_ladders(view, request, goal)
    quick = quick or by_currents(view, request, words, goal)
    return _exactly(view, request, words, goal) if quick is None else _patched(quick, view, request, words, goal)


def _across(
    carried: _Array, layout: Layout, request: Request, words: _Array | None, threads: int | None, target: _Array | None
) -> Rows | None:
    """Round blocks that lie across the rows of matrices where they are, or return None where no loop suits."""
    stack = layout.stack
    if stack is None:
        return None
    fmt, placed = cast(ScaledFormat, request.fmt), layout._replace(direct=True)
    bits = np.ascontiguousarray(carried).reshape(-1).view(f"i{carried.itemsize}")
    view = View(bits, placed, fmt, request.axis, request.scale, threads)
    goal = np.empty(bits.shape, code_dtype(fmt)) if target is None else target.reshape(-1)
    quick = by_powers(view, request, words, goal, stack)
    return None if quick is None or quick.left.size else _patched(quick, view, request, words, goal)


def _in_single(view: View, request: Request, words: _Array | None, goal: _Array, arithmetic: Arithmetic) -> Rows:
    """Round as a tool does that computes scales and quotients in float32."""
    if view.given is not None:
        raise PolicyError("compat= and scale= do not go together: a preset finds its own scales; leave one out")
    scaling, quotients = single_scaling(view, arithmetic)
    elements = Elements(view, request, words)
    if goal.dtype.kind == "u":
        goal[...] = elements.codes_of(quotients, scaling.scales)
    else:
        values = elements.values_of(quotients)
        goal[...] = multiply(values, scaling.scales, view.layout, ieee_of(goal.dtype), view.threads).view(goal.dtype)
    return Rows(view.layout, goal, scaling.codes)


def _exactly(view: View, request: Request, words: _Array | None, goal: _Array) -> Rows:
    """Round the exact way, into `goal`: values, or codes if that is unsigned."""
    elements = Elements(view, request, words)
    scaling: Scaling = best(elements, scalings(view), view.fmt.rule.loss)
    if by_quotients(view, request, scaling, words, goal):
        return Rows(view.layout, goal, scaling.codes)
    codes = points = None
    if view.fmt.zero_point:
        codes, points = elements.shifted(scaling)
    if goal.dtype.kind == "u":
        goal[...] = elements.codes(scaling.scales) if codes is None else codes
        return Rows(view.layout, goal, scaling.codes, points)
    if codes is None or points is None:
        values = elements.values(scaling.scales)
    else:
        values = codes.astype(np.float64) - view.layout.spread(points)
    bits = multiply(values, scaling.scales, view.layout, ieee_of(goal.dtype), view.threads)
    goal[...] = bits.view(goal.dtype)
    return Rows(view.layout, goal, scaling.codes, points)


def _patched(quick: Fused, view: View, request: Request, words: _Array | None, goal: _Array) -> Rows:
    """Return what the quick way gave, with the blocks that it left rounded the exact way."""
    layout = view.layout
    scales = quick.scales.astype(code_dtype(view.fmt.scale), copy=False)
    if quick.out is not goal:
        with np.errstate(all="ignore"):
            goal[...] = quick.out
    if quick.left.size:
        at, inside = _places(quick.left, layout)
        bits = np.where(inside, view.bits[at], 0)
        part = Layout(bits.shape, (1, layout.length), layout.length, layout.length, True)
        some = None if words is None else np.ascontiguousarray(words[at]).reshape(-1)
        rest = View(np.ascontiguousarray(bits).reshape(-1), part, view.fmt, -1, None, view.threads)
        fixed = _exactly(rest, request, some, np.empty(bits.size, goal.dtype))
        goal[at[inside]] = fixed.elements.reshape(bits.shape)[inside]
        scales[quick.left] = fixed.scales[0].reshape(-1)
    return Rows(layout, goal, (scales.reshape(layout.grid), *quick.outers))


def _places(blocks: _Array, layout: Layout) -> tuple[_Array, _Array]:
    """Return where the elements of blocks lie, one block a row, and which of these places lie inside the block."""
    columns, length, count = layout.cut
    row, j = np.divmod(blocks, count)
    offset = j[:, None] * length + np.arange(length)
    inside = offset < columns
    return row[:, None] * columns + np.where(inside, offset, columns - 1), inside


def ieee_of(dtype: np.dtype[Any]) -> Ieee:
    """Return the format of a float dtype."""
    if dtype.itemsize == 2:
        return BFLOAT16 if dtype.name == "bfloat16" else BINARY16
    return SINGLE if dtype.itemsize == 4 else DOUBLE
