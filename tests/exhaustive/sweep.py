"""Running all 2^32 float32 patterns through the library, comparing, and keeping the results."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

import chopper
from chopper.engine.inputs import code_dtype
from chopper.formats.base import Format
from chopper.rounding import Rounding
from tests.exhaustive.digest import digest
from tests.exhaustive.patterns import Table

__all__ = ["LOG", "load", "result_of", "sweep"]

ALL = 1 << 32
CHUNK = 1 << 17
LOG: str | None = os.environ.get("CHOPPER_EXHAUSTIVE_LOG")
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


def sweep(fmt: Format, mode: Rounding, codes: Table, values: Table | None) -> dict[str, Any]:
    """Round and encode every float32, or encode it only, and compare with tables; return what was compared."""
    began = time.perf_counter()
    out, packed = np.empty(CHUNK, np.float32), np.empty(CHUNK, code_dtype(fmt))
    checks: list[tuple[str, Callable[..., Any], np.ndarray, np.ndarray, Table]] = [
        ("encode", chopper.encode, packed, packed, codes),
    ]
    if values is not None:
        checks.append(("chop", chopper.chop, out, out.view(np.uint32), values))
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
    return {"steps": int(codes.starts.size), "compared": compared, **result,
            "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip


# --- the results -----------------------------------------------------------------------------------------------------


def result_of(fmt: Format, mode: Rounding, codes: Table, values: Table | None) -> dict[str, Any]:
    """Return the logged result for the code as it is now, or run and log it.

    A mode that comes to the same kernel, integers and table as another one of the format is not run again.
    """
    now = {"format": str(fmt), "mode": mode.value, "digest": digest(fmt, mode), "table": _table_digest(codes, values)}
    logged = (
        [line for line in load(LOG) if line["format"] == str(fmt) and line["digest"] == now["digest"]] if LOG else []
    )
    for line in logged:
        if line["mode"] == mode.value and line.get("table", now["table"]) == now["table"]:
            return line
    for line in logged:
        if line.get("table") == now["table"]:
            result = {**line, **now, "seconds": 0.0, "as": line.get("as", line["mode"])}
            break
    else:
        result = {
            **now,
            **sweep(fmt, mode, codes, values),
            "date": datetime.now(UTC).date().isoformat(),
            "versions": f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}",
        }
    if LOG:
        with Path(LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(result) + "\n")
    return result


def _table_digest(*tables: Table | None) -> str:
    return hashlib.sha256(b"".join(column.tobytes() for table in tables if table for column in table)).hexdigest()[:16]


def load(path: str | Path | None) -> list[dict[str, Any]]:
    """Return the results in a log, the last one for each format and mode."""
    if path is None or not Path(path).exists():
        return []
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    return list({(line["format"], line["mode"]): line for line in lines}.values())
