"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["about", "machine"]

PACKAGES = ("chopper", "numpy", "numba", "llvmlite", "ml_dtypes", "gfloat", "torch", "pychop")
VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2"}


def machine() -> dict[str, str]:
    """Return the processor, how busy it is, and the versions."""
    facts = {"processor": _processor(), "processors": str(os.cpu_count()), "system": platform.system()}
    if hasattr(os, "getloadavg"):
        facts["load"] = f"{os.getloadavg()[0]:.1f}"
    facts["python"] = platform.python_version()
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def about(facts: dict[str, str]) -> str:
    """Return the facts as a sentence."""
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", *PACKAGES) if name != "chopper")
    load = f", load {facts['load']} at the start" if "load" in facts else ""
    return f"{facts['processor']}, {facts['processors']} processors{load}. {versions}."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        facts = dict(
            (part.strip() for part in line.split(":", 1)) for line in info.read_text().splitlines() if ":" in line
        )
        flags = facts.get("flags", "").split()
        vector = next((f" with {name}" for flag, name in VECTORS.items() if flag in flags), "")
        return facts.get("model name", platform.machine()) + vector
    return platform.processor() or platform.machine()
