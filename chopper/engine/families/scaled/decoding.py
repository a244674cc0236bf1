"""From codes of elements and scales to values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.calls import ieee_of
from chopper.engine.families.scaled.layout import Axis, grid_shape, layout_of, lengths, repeated
from chopper.engine.families.scaled.passes import Scales, exact_scales, multiply
from chopper.engine.families.scaled.scales import values_of
from chopper.engine.inputs import code_dtype
from chopper.engine.run import run
from chopper.formats.scaled import ScaledFormat

__all__ = ["decoded"]

_Array = npt.NDArray[Any]


def decoded(
    codes: _Array, scale_codes: tuple[_Array, ...], points: _Array | None, fmt: ScaledFormat, axis: Axis,
    kind: np.dtype[Any], threads: int | None,
) -> _Array:  # fmt: skip
    """Return the values of codes in float32 or float64; see `chopper.engine.families.scaled.decode_blocks`."""
    if codes.size == 0:
        return np.zeros(codes.shape, kind)
    layout = layout_of(fmt, codes.shape, axis)
    scales: Scales | None = None
    for i, (level, own) in enumerate(zip(fmt.levels, scale_codes, strict=True)):
        sizes = lengths(level.block, layout.shape, axis)
        grid = grid_shape(fmt, codes.shape, axis, i)
        found = exact_scales(repeated(values_of(own, level.scale).reshape(grid), layout, sizes).reshape(-1))
        scales = found if scales is None else scales.times(found)
    assert scales is not None
    rows = layout.to_rows(codes)
    values = np.empty(rows.shape, np.float64)
    run(planning.plan_decode(fmt.element, 64), rows.astype(code_dtype(fmt), copy=False), values, None, None, threads)
    if points is not None:
        values -= layout.spread(points.astype(np.float64))
    out = multiply(values, scales, layout, ieee_of(kind), threads).view(kind.newbyteorder("="))
    return layout.from_rows(out, codes.shape)
