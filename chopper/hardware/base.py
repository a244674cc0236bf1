"""What a matrix unit is: a name, formats, an arithmetic, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chopper.errors import PolicyError
from chopper.formats.registry import get
from chopper.hardware.fitting import check_formats

__all__ = ["EVIDENCE", "Unit"]

EVIDENCE = {
    "measured": "the instruction itself was run, and agreed bit for bit",
    "recorded": "outputs of the hardware that others published agree bit for bit",
    "literature": "follows the source named; nothing was compared with the hardware",
}
"""What stands behind a unit, the strongest first."""


@dataclass(frozen=True)
class Unit:
    """A matrix unit: one instruction of one kind of processor, with its formats.

    Parameters
    ----------
    name : str
        ``<device>.<instruction>.<format of a>[_<format of b>][.<accumulator>]``.
    a, b, c : str
        Formats of the operands, and of the accumulator, which is that of the result.
    k : int
        Products of one instruction for each element of its result.
    model : FusedSum, IntegerSum or another of `chopper.hardware.models`
        The arithmetic.
    instruction : str
        As the manufacturer names it.
    evidence : str
        A key of `EVIDENCE`.
    source : str
        Where the model comes from, and what it was compared with.
    note : str
        What else to know.
    aliases : tuple of str
        Other names.
    scale : str
        Format of the scales that blocks of operands have, "" where there are none.
    block : int
        How many k share a scale, 0 where there are no scales.

    Raises
    ------
    PolicyError
        If the formats do not suit the arithmetic.
    UnknownFormatError
        If there is no such format.

    Examples
    --------
    >>> from chopper.hardware import FusedSum
    >>> Unit("mine.mma.e4m3", "e4m3", "e4m3", "fp32", 32, FusedSum(32, 25), "none", "literature", "a thought").c
    'fp32'
    """

    name: str
    a: str
    b: str
    c: str
    k: int
    model: Any
    instruction: str
    evidence: str
    source: str
    note: str = ""
    aliases: tuple[str, ...] = ()
    scale: str = ""
    block: int = 0

    def __post_init__(self) -> None:
        for field in ("a", "b", "c", "scale"):
            name = getattr(self, field)
            object.__setattr__(self, field, str(get(name)) if name or field != "scale" else "")
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise PolicyError(f"k={self.k!r} is not legal; legal: a positive integer")
        check_formats(self.model, self.a, self.b, self.c, self.scale, self.block)

    def __str__(self) -> str:
        return self.name
