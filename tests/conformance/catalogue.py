"""The formats that conformance is tested on: the whole registry, P3109 samples, and what the grammar can say."""

from __future__ import annotations

import chopper
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["DETERMINISTIC", "FORMATS", "HUGE", "MODES", "POLICIES", "SMALL", "fits"]

_P3109 = (
    "binary8p1se binary8p2sf binary8p3se binary8p4se binary8p5sf binary8p7se binary8p1ue binary8p3uf binary8p4ue "
    "binary8p8uf binary3p1se binary3p2uf binary3p3ue binary4p2sf binary4p2ue binary5p5ue binary6p3sf binary10p1ue "
    "binary12p6ue binary16p8se binary16p11sf"
)
_GRAMMAR = (
    "bf16<subnormals=round> bf16<subnormals=flush> fp16<subnormals=flush> fp16<subnormals=round> "
    "fp32<subnormals=flush> fp32<subnormals=round> fp64<subnormals=flush> fp64<subnormals=round> "
    "e4m3<subnormals=flush> e4m3<subnormals=round> e5m2<subnormals=round> e5m0<subnormals=round> "
    "e8m0ieee e4m0fn e3m0fnuz e2m0finite e8m7b130 e8m7b120 e5m10b40 e6m9fn e7m8fnuz e11m4 e10m20b200 "
    "e8m23b140 e9m30 e11m40 e4m3<negative_zero=false> e2m1<nan_input=raise> e3m2finite<nan_input=zero> "
    "e4m3<signed=false,negative=magnitude> ue4m3<negative=overflow> ue4m3<negative=nan> ue5m3<negative=magnitude> "
    "e5m6ieee<signed=false,negative=overflow> e5m3ieee<signed=false,negative=nan,subnormals=round> "
    "e8m0<zero_input=nan> e8m0<negative=overflow> e8m0<negative=zero> e8m0<negative=magnitude> "
    "e4m2ieee<signed=false,first_field=0,zero=false,subnormals=flush> e1m2fn e1m6finite e1m0finite e2m1ieee e2m5fnuz "
    "e5m3ieee<signed=false,negative=nan,subnormals=flush> ue5m3<negative=overflow,subnormals=flush> "
    "e4m4finite<signed=false,first_field=0,subnormals=flush,negative=nan,nan_input=raise> "
    "e1m20ieee<bias=0,signed=false,top_nans=0,zero=false,first_field=0,subnormals=flush,negative=overflow> "
    "cfloat8_1_4_3<bias=20> e5m3ieee<top_nans=3> e5m3ieee<top_nans=40>"
)

FORMATS: tuple[FloatFormat, ...] = tuple(
    fmt
    for fmt in (*chopper.formats(), *map(get, _P3109.split()), *map(get, _GRAMMAR.split()))
    if isinstance(fmt, FloatFormat)
)
"""Every format under test."""

SMALL = tuple(fmt for fmt in FORMATS if fmt.bits <= 16)
"""Those of which all codes can be tried."""

HUGE = tuple(map(get, ["binary12p1ue", "binary16p2se", "e15m10", "e11m52b1000", "e8m0b3000", "e12m3b1"]))
"""Formats that float64 does not hold."""

MODES = tuple(Rounding)
DETERMINISTIC = tuple(mode for mode in Rounding if not mode.random)
POLICIES: tuple[Overflow | None, ...] = (None, *Overflow)
"""The default first."""


def fits(fmt: FloatFormat, dtype: object) -> bool:
    """Return whether float32 or float64 holds a format's finite values and codes; by hand, not by the engine."""
    p, emax, lowest, codes = {"float32": (24, 127, -149, 2**31), "float64": (53, 1023, -1074, 2**63)}[str(dtype)]
    return fmt.half <= codes and fmt.precision <= p and fmt.emax <= emax and fmt.emin - fmt.fraction_bits >= lowest
