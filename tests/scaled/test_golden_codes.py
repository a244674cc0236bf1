"""Measured vectors of MX through encode: the byte of the scale, and what the codes decode to."""

from __future__ import annotations

import json

import numpy as np
import pytest

import chopper
from tests.scaled.arrays import same

SCALINGS = ("floor", "ceil", "rceil", "even")


@pytest.fixture(scope="module")
def records(shared):
    path = shared / "data" / "blocks" / "golden_vectors.json"
    if not path.is_file():
        pytest.skip("no measured data: CHOPPER_SHARED holds no data/blocks/golden_vectors.json")
    return json.loads(path.read_text())["records"]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_vectors(records, scaling, tally):
    """Every tricky block in every element format, alone and among others, along both axes."""
    for element in ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1"):
        mine = [record for record in records if record["element"] == element]
        x = np.zeros((len(mine), 32), np.float32)
        want = np.zeros_like(x)
        scales = np.zeros(len(mine), np.uint8)
        for row, record in enumerate(mine):
            right = record.get(f"exact_{scaling}", record[f"torchao_{scaling}"])
            count = len(record["input_bits"])
            x[row, :count] = bits(record["input_bits"])
            want[row, :count] = bits(right["value_bits"])
            scales[row] = int(right["scale"], 16)
        fmt = chopper.get(f"scaled<{element},e8m0,32,scaling={scaling}>")
        for axis, codes in ((1, chopper.encode(x, fmt)), (0, chopper.encode(x.T, fmt, axis=0))):
            got = codes.decode() if axis else codes.decode().T
            special = scales == 255  # there a value stands for none of the elements that are not listed
            known = ~special[:, None] | (x != 0)
            assert np.array_equal(codes.scale_codes[0].ravel(), scales)
            same(np.where(known, got, 0), np.where(known, want, 0))
            assert np.isnan(got[special]).all()
            tally.note(got.size + scales.size, fmt)


def bits(texts):
    return np.array([int(text, 16) for text in texts], np.uint32).view(np.float32)
