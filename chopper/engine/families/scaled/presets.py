"""Presets: how other tools quantise in blocks, as data, so that ``compat=`` gives their codes and scales bit for bit.

A preset stands for a tool's definition without its faults, which `docs/shared-scales.md` lists.  Where a tool computes
scales and quotients in float32, so does its preset, in the tool's order; where its results are exact, the preset is
the exact engine with some fields of the format changed.  Blocks with NaN or infinities are NaN in every preset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chopper.errors import PolicyError, nearest_names
from chopper.formats.registry import get
from chopper.formats.scale_rule import SCALINGS
from chopper.formats.scaled import ScaledFormat

__all__ = ["PRESETS", "Arithmetic", "Preset", "Row", "Single", "row_of"]

_Array = npt.NDArray[Any]

_F = np.float32
_MOST = np.finfo(np.float32).max


class Single(NamedTuple):
    """The scales of blocks as float32 arithmetic gives them."""

    scales: _Array  # before they are rounded to the scale format
    outer: np.float32 | None  # the outer scale that is stored
    factors: Callable[[_Array], _Array]  # from the rounded scales, what the elements are multiplied by


Arithmetic = Callable[[_Array, np.float32, ScaledFormat], Single]
"""From the largest magnitudes of blocks and the largest of all to scales."""


class Row(NamedTuple):
    """What a preset does with some formats."""

    formats: str  # their names, separated by spaces
    arithmetic: Arithmetic | None = None  # None: exact
    changes: tuple[tuple[str, Any], ...] = ()  # fields of the format, given to `with_options`
    no_negative_zero: bool = False  # whether -0 becomes +0


class Preset(NamedTuple):
    """How one tool quantises."""

    name: str
    source: str
    rows: tuple[Row, ...]


def _torchao(tops: _Array, top: np.float32, fmt: ScaledFormat) -> Single:
    """NVFP4: scale = amax / 6 / g, within the normal numbers of E4M3; elements times (1 / g) / scale."""
    six, one, most, least = _F(fmt.element.max), _F(1), _F(fmt.scale.max), _F(2.0**-6)
    if fmt.outer is None:
        return Single(np.clip(tops / six, least, most), None, lambda scales: one / scales)
    g = top / (most * six)
    if not g:  # a tensor of zeros
        return Single(np.full_like(tops, least), g, np.zeros_like)
    return Single(np.clip(tops / six / g, least, most), g, lambda scales: one / g / scales)


def _transformer_engine(tops: _Array, top: np.float32, fmt: ScaledFormat) -> Single:
    """NVFP4: factor 2688 / amax of the tensor; scale amax * (factor * (1 / 6)); elements times 1 / (scale / factor)."""
    six, one = _F(fmt.element.max), _F(1)
    factor = min(_F(fmt.scale.max) * six / top, _MOST) if top else one
    factor = factor or one
    scales = np.minimum(tops * (factor * (one / six)), _MOST)
    return Single(scales, one / factor, lambda given: np.minimum(one / (given * (one / factor)), _MOST))


def _te_current(tops: _Array, top: np.float32, fmt: ScaledFormat) -> Single:
    """FP8: encode factor M / amax, 1 where that has no use; elements times the factor; its reciprocal is stored."""
    one = _F(1)
    factors = np.where(tops == 0, one, np.minimum(_F(fmt.element.max) / tops, _MOST))
    return Single(one / factors, None, lambda scales: factors)


def _deepgemm(tops: _Array, top: np.float32, fmt: ScaledFormat) -> Single:
    """FP8: scale = max(amax, 1e-4) / 448; elements times 1 / scale."""
    one = _F(1)
    return Single(np.maximum(tops, _F(1e-4)) / _F(fmt.element.max), None, lambda scales: one / scales)


_MX = "mxfp8_e4m3 mxfp8_e5m2 mxfp6_e3m2 mxfp6_e2m3 mxfp4"
_BLOCKS = "fp8_block128 fp8_block128x128 fp8_block128_ue8m0 fp8_block128x128_ue8m0"

PRESETS: tuple[Preset, ...] = (
    Preset(
        "torchao",
        "pytorch/ao 36027d82d, prototype/mx_formats; 0.18.0 but for byte 0, infinities and borders of RCEIL",
        (Row(_MX), Row("nvfp4 nvfp4_2d scaled<e2m1,ue4m3,16>", _torchao)),
    ),
    Preset(
        "te",
        "NVIDIA Transformer Engine d0067d0d, reference_nvfp4.py, recipe_common.cuh",
        (
            Row(_MX, changes=(("scaling", "rceil"),)),
            Row("nvfp4 nvfp4_2d", _transformer_engine),
            Row("fp8_tensor fp8_token fp8_block128 fp8_block128x128", _te_current),
        ),
    ),
    Preset(
        "microxcaling",
        "microsoft/microxcaling 7bc4195, mx/mx_ops.py, with exact logarithms",
        (
            Row(_MX, no_negative_zero=True),
            Row("mxint8", changes=(("element", "fixed<2,6,symmetric=true>"),), no_negative_zero=True),
        ),
    ),
    Preset("deepgemm", "deepseek-ai/DeepGEMM 54e2261, deep_gemm/utils/math.py", (Row(_BLOCKS, _deepgemm),)),
)
"""Every preset, with its source."""


def row_of(compat: str, fmt: ScaledFormat) -> Row:
    """Return what a preset does with a format, whatever its scaling.

    Raises
    ------
    PolicyError
        If there is no such preset, or it does not know the format.
    """
    chosen = next((preset for preset in PRESETS if preset.name == compat), None)
    if chosen is None:
        names = [preset.name for preset in PRESETS]
        near = nearest_names(str(compat), names, 1)
        hint = f"did you mean {near}? " if near else ""
        raise PolicyError(f"unknown compat {compat!r} for shared scales; {hint}legal: {', '.join(names)}")
    for row in chosen.rows:
        for name in row.formats.split():
            if _alike(fmt, cast(ScaledFormat, get(name))):
                return row
    legal = ", ".join(name for row in chosen.rows for name in row.formats.split())
    raise PolicyError(f"compat={compat!r} does not know {fmt}; legal: {legal}")


def _alike(fmt: ScaledFormat, other: ScaledFormat) -> bool:
    return fmt == other or any(fmt == other.with_options(scaling=rule) for rule in SCALINGS.values())
