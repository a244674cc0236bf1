"""The units, one row each."""

from __future__ import annotations

from chopper.hardware.base import Unit
from chopper.hardware.cdna3 import CDNA3
from chopper.hardware.nvidia import NVIDIA

__all__ = ["UNITS"]

UNITS: tuple[Unit, ...] = (*NVIDIA, *CDNA3)
"""Every unit."""
