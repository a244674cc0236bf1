"""The golden vectors: 25 tricky blocks in 5 elements, made by torchao and microxcaling, bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get

SUBJECT = "golden vectors of MX"
NAMES = {"e4m3": "mxfp8_e4m3", "e5m2": "mxfp8_e5m2", "e3m2": "mxfp6_e3m2", "e2m3": "mxfp6_e2m3", "e2m1": "mxfp4"}
LOG2_FAULT = {"8-ulp", "16-ulp", "512-ulp", "fltmax"}
"""Where microxcaling's floor(log2(amax)) in float32 is one too large."""


@pytest.fixture(scope="module")
def records(shared):
    """The records."""
    return json.loads((shared / "data" / "blocks" / "golden_vectors.json").read_text())["records"]


def floats(texts: list[str]) -> np.ndarray:
    return np.array([int(text, 16) for text in texts], np.uint32).view(np.float32)


def block(record: dict) -> np.ndarray:
    x = np.zeros(32, np.float32)
    given = floats(record["input_bits"])
    x[: given.size] = given
    return x


@pytest.mark.parametrize("rule", ["floor", "ceil", "rceil", "even"])
def test_scalings(records, rule, tally):
    for record in records:
        fmt = get(NAMES[record["element"]])
        want = record.get(f"exact_{rule}", record[f"torchao_{rule}"])
        values = floats(want["value_bits"])
        x = block(record)
        got = chopper.chop(x, fmt, scaling=rule)[: values.size]
        tally.same(got, values, x, fmt=fmt, about=(record["case"], rule))
        code = chopper.encode(x, fmt, scaling=rule).scale_codes[0]
        tally.same(code, np.array([int(want["scale"], 16)], np.uint8), fmt=fmt, about=(record["case"], rule))


@pytest.mark.parametrize(
    ("field", "mode"), [("even", "nearest_even"), ("nearest", "nearest_away"), ("floor", "toward_zero")]
)
def test_microxcaling(records, field, mode, tally):
    """The rule of the specification in three modes; not where microxcaling's logarithm fails, nor the signs of -0."""
    for record in records:
        if record["case"] in LOG2_FAULT:
            continue
        fmt = get(NAMES[record["element"]])
        want, x = floats(record[f"microxcaling_{field}"]), block(record)
        got = chopper.chop(x, fmt, mode)[: want.size]
        if record["case"] == "negzero":
            want = np.copysign(want, x[: want.size])
        tally.same(got, want, x, fmt=fmt, about=(record["case"], field))


def test_the_exceptions_are_exceptions(records):
    """Each case left out differs in at least one element."""
    apart = set()
    for record in records:
        x, want = block(record), floats(record["microxcaling_even"])
        got = chopper.chop(x, NAMES[record["element"]])[: want.size]
        same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
        apart |= set() if same.all() else {record["case"]}
    assert apart == {*LOG2_FAULT, "negzero"}
