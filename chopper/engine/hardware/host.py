"""What the processor of this machine can do, as LLVM knows it."""

from __future__ import annotations

import platform
from functools import cache

import llvmlite.binding as llvm

__all__ = ["features", "has_fused"]


@cache
def features() -> frozenset[str]:
    """Return the names that LLVM gives to what an x86-64 processor can do; nothing of others."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return frozenset()
    return frozenset(name for name, there in dict(llvm.get_host_cpu_features()).items() if there)


def has_fused() -> bool:
    """Whether the processor has a fused multiply-add of its own."""
    return "fma" in features() or platform.machine() in ("aarch64", "arm64")
