"""Arithmetic of numbers that are powers of one base: logarithmic number systems and logarithmic takums."""

from chopper.engine.families.logarithms.operations import operate

__all__ = ["operate"]
