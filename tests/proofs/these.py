"""The formats that proofs are about."""

from __future__ import annotations

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get, rows

__all__ = ["IEEE", "KINDS", "NAMED", "OTHERS"]

IEEE = (
    "e2m2ieee", "e3m4", "e4m3_ieee", "e5m2", "ms_fp9", "fp16", "bf16", "tf32", "e7m16", "pxr24", "e11m20",
    "fp32", "fp64",
)  # fmt: skip
"""Formats that are sorts of the solver."""

NAMED = list(dict.fromkeys(row.format for row in rows() if isinstance(row.format, FloatFormat)))
"""Every named format, each once."""

KINDS = [get(name) for name in ("bf16", "e4m3", "e4m3fnuz", "e2m1", "e8m0", "dlfloat16", "ue4m3", "binary8p3se")]
"""One of each kind."""

_MORE = (
    "binary8p1se", "binary8p3se", "binary8p4sf", "binary8p1ue", "binary8p3uf", "binary6p2ue", "binary16p11se",
    "bf16<subnormals=round>", "e4m3<subnormals=round>", "e8m0<subnormals=round>",
    "e8m3<bias=140>", "e8m2<bias=140,subnormals=flush>", "e8m7<infinities=false,top_nans=128>",
)  # fmt: skip

OTHERS = [*(fmt for fmt in NAMED if fmt not in map(get, IEEE)), *map(get, _MORE)]
"""Named formats that are no sorts, formats of IEEE P3109, and some that nobody named.

The last ones have no subnormals, or binades below binary32's normal range, or its whole range without infinity.
"""
