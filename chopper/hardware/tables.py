"""The units, one row each."""

from __future__ import annotations

from chopper.hardware.base import Unit
from chopper.hardware.nvidia import NVIDIA
from chopper.hardware.processors import PROCESSORS

__all__ = ["UNITS"]

UNITS: tuple[Unit, ...] = (*NVIDIA, *PROCESSORS)
"""Every unit."""
