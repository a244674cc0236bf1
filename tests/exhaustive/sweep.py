"""Running all 2^32 float32 patterns through the library, comparing, and keeping the results."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np

import chopper
from chopper.engine.plan import Plan, Request, plan_encode, plan_round
from chopper.formats.float import FloatFormat
from chopper.rounding import Rounding
from tests.exhaustive.expected import Table, as_codes, as_values

__all__ = ["LOG", "digest", "done", "load", "sweep"]

ENGINE = Path(chopper.__file__).parent / "engine"
LOOPS = b"".join((ENGINE / f"{name}.py").read_bytes() for name in ("compiled", "lanes", "loops"))
ALL = 1 << 32
CHUNK = 1 << 17
LOG = os.environ.get("CHOPPER_EXHAUSTIVE_LOG")
"""A file of JSON lines that results are appended to; what it already holds for the same code is not run again."""


@numba.njit(nogil=True, cache=True)
def differences(out: Any, base: int, starts: Any, want: Any, mask: Any) -> tuple[int, int]:
    """Count the results for the patterns base, base + 1, ... that differ from the table; return the first, or -1."""
    bad, first = 0, -1
    at, end = base, base + out.size
    i = np.searchsorted(starts, base, side="right") - 1
    while at < end:
        stop = min(starts[i + 1], end) if i + 1 < starts.size else end
        part, w, m = out[at - base : stop - base], want[i], mask[i]
        wrong = 0
        for value in part:
            wrong += (np.uint32(value) & m) != w
        if wrong and first < 0:
            for k in range(part.size):
                if (np.uint32(part[k]) & m) != w:
                    first = at + k
                    break
        bad += wrong
        at = stop
        i += 1
    return bad, first


def sweep(fmt: FloatFormat, mode: Rounding) -> dict[str, Any]:
    """Round and encode every float32; return what was compared and what differed."""
    began = time.perf_counter()
    values, codes = as_values(fmt, mode), as_codes(fmt, mode)
    built = time.perf_counter()
    out = np.empty(CHUNK, np.float32)
    packed = np.empty(CHUNK, np.uint8 if fmt.bits <= 8 else np.uint16)
    checks: list[tuple[str, Callable[..., Any], np.ndarray, np.ndarray, Table]] = [
        ("chop", chopper.chop, out, out.view(np.uint32), values),
        ("encode", chopper.encode, packed, packed, codes),
    ]
    patterns = np.arange(CHUNK, dtype=np.uint32)
    x = patterns.view(np.float32)
    result: dict[str, Any] = {f"{name} differing": 0 for name, *_ in checks}
    compared = 0
    for base in range(0, ALL, CHUNK):
        for name, function, target, seen, table in checks:
            function(x, fmt, mode, out=target, threads=1)
            bad, first = differences(seen, base, *table)
            if bad:
                result.setdefault(f"{name} first", f"{first:#010x}")
                result[f"{name} differing"] += bad
        compared += CHUNK
        patterns += np.uint32(CHUNK)
    return {
        "format": str(fmt),
        "mode": mode.value,
        "steps": int(values.starts.size),
        "compared": compared,
        **result,
        "table seconds": round(built - began, 1),
        "seconds": round(time.perf_counter() - built, 1),
        "digest": digest(fmt, mode),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}",
    }


# --- the results -----------------------------------------------------------------------------------------------------


def digest(fmt: FloatFormat, mode: Rounding) -> str:
    """Return a hash of the code and the integers that the library runs for float32 inputs."""
    asked = Request(fmt, mode)
    seen = hashlib.sha256(LOOPS)
    for plan in (plan_round(asked, 32), plan_encode(asked, 32)):
        for piece in _pieces(plan):
            seen.update(repr(piece).encode())
    return seen.hexdigest()[:16]


def _pieces(plan: Plan) -> Iterator[Any]:
    yield plan.kernel
    yield plan.kernel.carrier
    yield plan.params
    yield from _code(plan.kernel.function, set())
    if plan.kernel.rule != "settle":
        yield from _code(plan.kernel.rule_function, set())


def _code(function: FunctionType, seen: set[str]) -> Iterator[Any]:
    """Yield what a dialect function, and every one that it calls, does; texts do not count."""
    if function.__qualname__ in seen:
        return
    seen.add(function.__qualname__)
    code = function.__code__
    constants = [value for value in code.co_consts if not isinstance(value, str)]
    yield code.co_name, code.co_code.hex(), constants, code.co_names, code.co_varnames
    for name in code.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            yield from _code(called, seen)


def load(path: str | Path) -> list[dict[str, Any]]:
    """Return the results in a log, the last one for each format and mode."""
    if not Path(path).exists():
        return []
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    return list({(line["format"], line["mode"]): line for line in lines}.values())


def done(fmt: FloatFormat, mode: Rounding) -> dict[str, Any] | None:
    """Return the logged result for the code as it is now, or None."""
    for line in load(LOG) if LOG else []:
        if (line["format"], line["mode"], line["digest"]) == (str(fmt), mode.value, digest(fmt, mode)):
            return line
    return None


def keep(result: dict[str, Any]) -> None:
    """Append a result to the log, if there is one."""
    if LOG:
        with Path(LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(result) + "\n")
