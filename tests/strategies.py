"""Hypothesis strategies for formats."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from chopper.formats.float import FloatFormat
from chopper.formats.policies import NanInput, Negative, ZeroInput

__all__ = ["float_formats"]


@st.composite
def float_formats(draw, max_exponent_bits=19, max_precision=53):
    """Any float format that can be built."""
    w, p = draw(st.integers(1, max_exponent_bits)), draw(st.integers(1, max_precision))
    zero, signed = draw(st.sampled_from([(True, True), (True, False), (False, False)]))
    nan_at_negative_zero = signed and draw(st.booleans())
    first_field = draw(st.integers(0 if p > 1 else 1, 1)) if zero else 0
    subnormals = ["flush"] if first_field == 0 else ["gradual", "round", "flush"]
    infinities = draw(st.booleans())
    room = (1 << (w + p - 1)) - 1 - max(first_field << (p - 1), 1) - infinities
    assume(room >= 0 and w + p <= 64)
    return FloatFormat(
        exponent_bits=w,
        precision=p,
        bias=draw(st.none() | st.integers(-300, 300)),
        signed=signed,
        infinities=infinities,
        top_nans=draw(st.integers(0, min(room, 4)) | st.just(room)),
        nan_at_negative_zero=nan_at_negative_zero,
        negative_zero=signed and not nan_at_negative_zero and draw(st.booleans()),
        zero=zero,
        first_field=first_field,
        subnormals=draw(st.sampled_from(subnormals)),
        negative=draw(st.sampled_from(list(Negative))),
        nan_input=draw(st.sampled_from(list(NanInput))),
        zero_input=draw(st.sampled_from(list(ZeroInput))),
    )
