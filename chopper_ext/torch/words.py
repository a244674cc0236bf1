"""Words as torch has them: its integers, and those of operators and of Triton, are signed."""

from __future__ import annotations

__all__ = ["signed"]


def signed(word: int, width: int = 64) -> int:
    """Return the signed number of the same bits as an unsigned one.

    Examples
    --------
    >>> signed(2**64 - 1), signed(7), signed(2**31, 32)
    (-1, 7, -2147483648)
    """
    return word - (1 << width) if word >= 1 << (width - 1) else word
