"""How the warp-level matrix instruction spreads its operands over registers, as PTX text.

Source: PTX ISA, section "Matrix multiply-accumulate operation using mma instruction"; lane = 4 g + t.  All dense shapes
follow one scheme.  A row of A or of B (a column of B is stored as a row) is cut into groups of four
registers' widths; register (group, half) of a lane holds the bytes of row g + 8 half that lie at t in the group.  C and
D hold the elements (g + 8 half, 2t) and (g + 8 half, 2t + 1): in registers of their own, or packed where they have
16 bits; more columns than eight come in groups of eight.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fragments", "registers"]


def registers(letter: str, count: int) -> str:
    """Return the names of registers as PTX lists them."""
    return "{" + ",".join(f"%{letter}{i}" for i in range(count)) + "}"


@dataclass(frozen=True)
class Fragments:
    """Bytes of the operands of one instruction: rows of A, bytes of a row of A or B, and of an element of C.

    Parameters
    ----------
    rows : int
        Of A and of C: 8 or 16.
    row_bytes : int
        Of a row of A, and of a column of B.
    unit : int
        Bytes of a register of A and B: 4, or 8 for float64.
    result : int
        Bytes of an element of C: 2, 4 or 8.
    columns : int
        Of C, a multiple of 8.
    """

    rows: int
    row_bytes: int
    unit: int = 4
    result: int = 4
    columns: int = 8

    @property
    def groups(self) -> int:
        """Registers of one row of A, or of B, in a lane."""
        return self.row_bytes // (4 * self.unit)

    @property
    def halves(self) -> int:
        """Rows of A in a lane."""
        return self.rows // 8

    @property
    def packed(self) -> int:
        """Elements of C in one register."""
        return 2 if self.result == 2 else 1

    @property
    def of_a(self) -> tuple[int, ...]:
        """Byte offsets of the registers of A, from row g and byte t * unit."""
        steps = [(group, half) for group in range(self.groups) for half in range(self.halves)]
        return tuple(half * 8 * self.row_bytes + group * 4 * self.unit for group, half in steps)

    @property
    def of_b(self) -> tuple[int, ...]:
        """Byte offsets of the registers of B."""
        return tuple(group * 4 * self.unit for group in range(self.groups))

    @property
    def of_c(self) -> tuple[int, ...]:
        """Byte offsets of the registers of C, from row g and column 2t."""
        row = self.columns * self.result
        halves, each = range(self.halves), range(2 // self.packed)
        places = [(group, half, i) for group in range(self.columns // 8) for half in halves for i in each]
        return tuple(half * 8 * row + (8 * group + i) * self.result for group, half, i in places)
