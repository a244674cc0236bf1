"""Arithmetic with the rounding mode in the instruction, in binary32 and binary16, against `chopper.ops`."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import encode, get, ops
from chopper.hardware import processor
from chopper.verify.hardware.comparison import differing
from tests.tally import Tally

SUBJECT = "arithmetic with embedded rounding"
ARITY = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}
MODES = ("nearest_even", "down", "up", "toward_zero")
FORMATS = {"ps": ("fp32", np.uint32, np.float32), "ph": ("fp16", np.uint16, np.float16)}
CASES = [(operation, kind, mode) for kind in FORMATS for operation in ARITY for mode in MODES]


def operands(operation: str, kind: str, count: int, seed: int) -> list[np.ndarray]:
    """Return codes: numbers near each other, of cancelling and of distant exponents, about both ends, all patterns."""
    name, dtype, _ = FORMATS[kind]
    fmt = get(name)
    rng = np.random.default_rng([seed, count])
    t, top = fmt.fraction_bits, fmt.emax + fmt.bias
    found = []
    for n in range(ARITY[operation]):
        center = rng.integers(0, top + 2, count)
        if n == 1 and operation in ("add", "sub"):
            center = (found[0].astype(np.int64) >> t & (2 * fmt.bias + 1)) + rng.integers(-t - 3, t + 4, count)
        if n == 1 and operation in ("mul", "div"):  # results about the smallest and the largest number
            end = np.where(rng.random(count) < 0.5, 1, top) + rng.integers(-t - 2, 3, count)
            first = found[0].astype(np.int64) >> t & (2 * fmt.bias + 1)
            center = end - first + fmt.bias if operation == "mul" else first - end + fmt.bias
        if n == 2:
            first, other = (codes.astype(np.int64) >> t & (2 * fmt.bias + 1) for codes in found)
            center = first + other - fmt.bias + rng.integers(-2 * t, 2 * t, count)
        field = np.clip(center, 0, top).astype(np.uint64)
        fraction = rng.integers(0, 1 << t, count, dtype=np.uint64)
        keep = np.where(rng.random(count) < 0.5, t - 2, 0).astype(np.uint64)
        codes = (field << np.uint64(t)) | ((fraction >> keep) << keep)
        codes |= rng.integers(0, 2, count, dtype=np.uint64) * np.uint64(fmt.sign_code)
        anything = rng.integers(0, 1 << fmt.bits, count, dtype=np.uint64)
        found.append(np.where(rng.random(count) < 0.15, anything, codes).astype(dtype))
    return found


def compare(operation: str, kind: str, mode: str, count: int, tally: Tally) -> None:
    """Compare an instruction with the operation."""
    name, dtype, number = FORMATS[kind]
    instruction = f"{operation}.{kind}.{mode}"
    reason = processor.missing(instruction)
    if reason:
        pytest.skip(f"{instruction}: {reason}")
    wrong = total = 0
    for seed in range(-(-count // (1 << 20))):
        codes = operands(operation, kind, min(count, 1 << 20), seed)
        got = processor.operate(instruction, *codes).view(dtype)[: codes[0].size]
        values = [x.view(number).astype(np.float32) for x in codes]
        want = encode(getattr(ops, operation)(*values, name, mode), name)
        wrong, total = wrong + int(differing(got, want, name).sum()), total + got.size
    tally.note(total, name, mode, wrong)
    assert wrong == 0


@pytest.mark.parametrize(("operation", "kind", "mode"), CASES[::5])
def test_operations(operation: str, kind: str, mode: str, tally: Tally) -> None:
    """A few operands of every kind; every operation and every mode is among them."""
    compare(operation, kind, mode, 1 << 14, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("operation", "kind", "mode"), CASES)
def test_many_operations(operation: str, kind: str, mode: str, tally: Tally) -> None:
    """A million of each operation in each mode."""
    compare(operation, kind, mode, 1 << 20, tally)
