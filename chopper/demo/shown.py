"""Which formats the demonstration shows where none are named."""

from __future__ import annotations

from chopper.formats.base import Format
from chopper.formats.registry import formats, get

__all__ = ["shown"]

_BLOCKED = ("mxfp4", "nvfp4", "nf4_block64", "dfp16")
"""Of the formats with shared scales one of each kind: powers of two, two levels, a codebook, dynamic fixed point."""


def shown() -> tuple[Format, ...]:
    """Return every named format of single numbers, and some with shared scales.

    Examples
    --------
    >>> [str(fmt) for fmt in shown() if fmt.blocked]
    ['mxfp4', 'nvfp4', 'nf4_block64', 'dfp16']
    """
    return (*(fmt for fmt in formats() if not fmt.blocked), *map(get, _BLOCKED))
