"""What the processor of this machine can do, as LLVM knows it and Numba may use it."""

from __future__ import annotations

import platform
from functools import cache

import llvmlite.binding as llvm
from numba.core import config

__all__ = ["features", "has_fused"]


@cache
def features() -> frozenset[str]:
    """Return the names that LLVM gives to what an x86-64 processor can do; nothing of others.

    NUMBA_CPU_FEATURES, which Numba compiles for, may take some away: their instructions would end the process.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return frozenset()
    found = frozenset(name for name, there in dict(llvm.get_host_cpu_features()).items() if there)
    chosen = config.CPU_FEATURES
    return found if chosen is None else found & {name[1:] for name in chosen.split(",") if name.startswith("+")}


def has_fused() -> bool:
    """Whether the processor has a fused multiply-add of its own."""
    return "fma" in features() or platform.machine() in ("aarch64", "arm64")
