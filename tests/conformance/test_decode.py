"""decode on every code of every format of up to 16 bits, the way back, and chop as decode after encode."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import RangeError
from tests.conformance.catalogue import FORMATS, MODES, SMALL, fits
from tests.conformance.judge import values_of
from tests.oracle import adversarial

SUBJECT = "decode against the exact values, and back"
LARGE = [fmt for fmt in FORMATS if fmt.bits > 16]


def all_codes(fmt):
    return np.arange(1 << fmt.bits, dtype=np.uint16 if fmt.bits > 8 else np.uint8)


def sampled_codes(fmt):
    dtype = np.uint32 if fmt.bits <= 32 else np.uint64
    half, edges = fmt.half, [0, fmt.first_code, fmt.max_code, fmt.half - 1, 1 << fmt.fraction_bits]
    near = {(code + step) % half for code in edges for step in range(-2, 3)}
    picked = np.random.default_rng(fmt.bits).integers(0, half, 3000, np.uint64)
    codes = np.unique(np.concatenate([np.array(sorted(near), np.uint64), picked]))
    return np.concatenate([codes, codes | np.uint64(fmt.sign_code)]).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_decode(fmt, dtype, tally):
    codes = all_codes(fmt) if fmt.bits <= 16 else sampled_codes(fmt)
    if not fits(fmt, dtype):
        with pytest.raises(RangeError, match="float32 does not hold"):
            chopper.decode(codes, fmt, dtype)
        return
    values = chopper.decode(codes, fmt, dtype)
    tally.same(values, values_of(fmt, codes, dtype), codes, fmt=fmt)
    for code in codes[:: max(1, codes.size // 40)]:
        one = chopper.decode(int(code), fmt, dtype)
        assert type(one) is float
        tally.same(np.array([one], dtype), values_of(fmt, np.array([int(code)], np.uint64), dtype), [code], fmt=fmt)
    again = chopper.encode(values, fmt, overflow="propagate")
    numbers = ~np.isnan(values)
    if not fmt.zero or fmt.first_code == 1:
        unique = numbers & ((values != 0) | (codes == 0) | ((codes == fmt.sign_code) & fmt.negative_zero))
    else:
        unique = numbers & (values != 0)  # the codes below the first number all mean zero
    tally.same(again[unique], codes[unique], values[unique], fmt=fmt)
    tally.same(chopper.chop(values[numbers], fmt, overflow="propagate"), values[numbers], fmt=fmt)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fmt", [fmt for fmt in SMALL if fmt.nan_input.value != "raise"], ids=str)
def test_chop_is_decode_after_encode(fmt, dtype, tally):
    """Also without given words: one key gives one result."""
    if not fits(fmt, dtype):
        return
    xs = adversarial(fmt, dtype)[::3]
    for mode in MODES:
        key = {"key": fmt.bits} if mode.random else {}
        values = chopper.chop(xs, fmt, mode, **key)
        tally.same(chopper.decode(chopper.encode(xs, fmt, mode, **key), fmt, dtype), values, xs, fmt=fmt, mode=mode)
