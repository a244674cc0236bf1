"""Plans of integer operations alone, which adapters run, give the bits of the library's own."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.engine.backend import portable_plan
from chopper.engine.plan import Request
from chopper.formats.registry import get
from tests.oracle import adversarial

SUBJECT = "plans of integer operations alone against the library"

NAMES = ("e4m3", "fp16", "bf16", "int8", "fixed<4,4>", "posit8", "nf4", "e8m0")


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", NAMES)
def test_portable_plans(name, width, tally):
    fmt = get(name)
    xs = adversarial(get("e4m3"), f"float{width}")
    for task in ("round", "encode", "decode"):
        plan = portable_plan(task, Request(fmt), width)
        assert plan.kernel.module != "magic"
        assert plan.twin is None
        lanes = np.dtype(f"i{plan.kernel.width // 8}")
        codes = np.arange(1 << min(fmt.bits, 16))
        bits = codes.astype(lanes) if task == "decode" else xs.view(lanes)
        with np.errstate(all="ignore"):
            found = plan.kernel(np.where, bits, 0, plan.params)
        if task == "encode":
            want = chopper.encode(xs, fmt)
            tally.same(found.astype(want.dtype), want, xs, fmt=fmt)
        else:
            values = chopper.chop(xs, fmt) if task == "round" else chopper.decode(codes, fmt, f"float{width}")
            tally.same(found.view(values.dtype), values, bits, fmt=fmt)
