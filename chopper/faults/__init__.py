"""Soft errors: bits of codes that flip by chance, reproducibly."""

from chopper.faults.masks import field_masks, field_names
from chopper.faults.upsets import flip, flip_codes

__all__ = ["field_masks", "field_names", "flip", "flip_codes"]
