"""Many threads at once, the very first call included; and processors that flush subnormal numbers to zero."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import chopper
from tests.conformance.catalogue import fits
from tests.oracle import adversarial

SUBJECT = "results under flush-to-zero against results without"
ROOT = Path(__file__).resolve().parent.parent
NAMES = ("e4m3", "bf16", "fp16", "e5m2fnuz", "binary8p3se", "e8m0", "fp16<subnormals=flush>", "fp32<subnormals=round>")

FIRST_USE = """
import hashlib
import threading
import numpy as np
import chopper

size, names = {size}, {names!r}
x = np.random.default_rng(0).standard_normal(size).astype(np.{dtype})
barrier, results, errors = threading.Barrier(8), [None] * 8, []

def work(i):
    try:
        barrier.wait()
        found = []
        for name in names:
            found.append(chopper.chop(x, name))
            found.append(chopper.chop(x, name, "stochastic", key=3))
            codes = chopper.encode(x, name, "up")
            found.extend([codes, chopper.decode(codes, name, np.float64)])
        results[i] = b"".join(array.tobytes() for array in found)
    except BaseException as error:
        errors.append(error)

threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not errors, errors
assert len(set(results)) == 1
print(hashlib.sha256(results[0]).hexdigest())
"""


def in_subprocess(code):
    call = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(call, capture_output=True, text=True, timeout=170, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.mark.parametrize(("size", "dtype"), [(100, "float64"), (40_000, "float32")])
def test_first_use_by_many_threads(size, dtype):
    """Threads that meet before anything is imported, lowered or compiled, compute what one thread computes."""
    names = NAMES[:4] if size > 1000 else NAMES
    x = np.random.default_rng(0).standard_normal(size).astype(dtype)
    seen = hashlib.sha256()
    for name in names:
        codes = chopper.encode(x, name, "up")
        for array in (chopper.chop(x, name), chopper.chop(x, name, "stochastic", key=3), codes):
            seen.update(array.tobytes())
        seen.update(chopper.decode(codes, name, np.float64).tobytes())
    assert in_subprocess(FIRST_USE.format(size=size, names=names, dtype=dtype)) == seen.hexdigest()


def test_many_threads_at_once():
    arrays = [np.random.default_rng(i).standard_normal(3000 * (i + 1)).astype(np.float32) for i in range(6)]
    jobs = [(x, name, mode) for x in arrays for name in NAMES for mode in ("nearest_even", "down", "stochastic")]

    def work(job):
        x, name, mode = job
        return chopper.chop(x, name, mode, **({"key": 8} if mode == "stochastic" else {})).tobytes()

    alone = [work(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            assert list(pool.map(work, jobs)) == alone


FLUSHED = """
import numpy as np, torch
import chopper
from tests.oracle import adversarial
from tests.test_concurrency import FLUSH_NAMES, patterns

assert torch.set_flush_denormal(True)
assert float(np.float64(5e-324) * 1.0) == 0.0
inputs = dict(np.load({path!r}))
found = patterns(inputs)
np.savez({path!r} + ".out.npz", **found)
"""
FLUSH_NAMES = (
    *NAMES,
    "tf32",
    "fp32",
    "fp64",
    "e8m7b130",
    "e8m10b110",
    "pxr24",
    "fp24",
    "bf16<subnormals=round>",
    "e9m30",
)


def patterns(inputs):
    """Return the bits of everything that can be done with some inputs."""
    found = {}
    for name in FLUSH_NAMES:
        for kind in ("f4", "f8"):
            x = inputs[f"{name} {kind}"].view(kind)
            for mode in ("nearest_even", "up", "to_odd", "stochastic"):
                options = {"key": 1} if mode == "stochastic" else {}
                codes = chopper.encode(x, name, mode, **options)
                found[f"{name} {kind} {mode} codes"] = codes
                found[f"{name} {kind} {mode} flipped"] = chopper.encode(x[::-1], name, mode, **options)
                values = chopper.chop(x, name, mode, **options) if fits(chopper.get(name), np.dtype(kind)) else codes
                found[f"{name} {kind} {mode}"] = values.view(f"u{values.itemsize}")
            if fits(chopper.get(name), np.dtype(kind)):
                found[f"{name} {kind} decoded"] = chopper.decode(codes, name, kind).view(f"u{kind[1]}")
        numbers = np.array([chopper.chop(float(y), name) for y in inputs[f"{name} f8"].view("f8")[::40]])
        found[f"{name} numbers"] = numbers.view("u8")
    return found


@pytest.mark.skipif(not find_spec("torch"), reason="torch sets the processor's flag here")
def test_flushing_to_zero_changes_nothing(tmp_path, tally):
    """Formats are looked up, lowered, rounded and decoded under flush-to-zero and denormals-are-zero."""
    rng = np.random.default_rng(0)
    inputs = {}
    for name in FLUSH_NAMES:
        for kind in ("f4", "f8"):
            every = adversarial(chopper.get(name), kind).view(f"u{kind[1]}")
            inputs[f"{name} {kind}"] = rng.choice(every, min(every.size, 3000), replace=False)
    path = str(tmp_path / "inputs.npz")
    np.savez(path, **inputs)
    want = patterns(inputs)
    in_subprocess(FLUSHED.format(path=path))
    got = np.load(path + ".out.npz")
    for what, array in want.items():
        name, kind = what.split()[:2]
        x = inputs.get(f"{name} {kind}")
        tally.same(got[what], array, x if x is not None and x.size == array.size else None, fmt=name, about=what)
