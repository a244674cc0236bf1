"""Conversion instructions as data: a format, a rounding mode, and what is done with subnormal numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop, encode
from chopper.engine.inputs import as_array
from chopper.errors import UnsupportedInputError
from chopper.hardware.names import look_up

__all__ = ["Conversion", "conversion", "conversions"]

_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Conversion:
    """A conversion instruction from float32.

    Parameters
    ----------
    name : str
        ``<device>.<instruction>[.<mode>]``.
    fmt : str
        Format of the results.
    rounding : str
        The mode.
    flush : bool
        Whether a subnormal float32 is read as a zero of its sign.
    instruction, evidence, source, note : str
        As those of a `Unit`.

    Examples
    --------
    >>> import numpy as np
    >>> cast = conversion("x86.vcvtneps2bf16")
    >>> x = np.array([1.00390625, 2.0**-127], np.float32)
    >>> cast.chop(x).tolist(), [hex(code) for code in cast.encode(x)]
    ([1.0, 0.0], ['0x3f80', '0x0'])
    """

    name: str
    fmt: str
    rounding: str = "nearest_even"
    flush: bool = False
    instruction: str = ""
    evidence: str = "measured"
    source: str = ""
    note: str = ""

    def encode(self, x: Any, *, threads: int | None = None) -> Any:
        """Return the codes of the results for an array of float32.

        Bit-exact; the payloads and signs of NaNs are those of `chopper.encode`.

        Raises
        ------
        UnsupportedInputError
            If it is not float32, of either byte order.
        """
        return encode(self._read(x), self.fmt, self.rounding, threads=threads)

    def chop(self, x: Any, *, threads: int | None = None) -> Any:
        """Return the values of the results for an array of float32, as `encode`."""
        return chop(self._read(x), self.fmt, self.rounding, threads=threads)

    def _read(self, x: Any) -> _Array:
        numbers = as_array(x)
        if numbers.dtype.newbyteorder("=") != np.float32:
            raise UnsupportedInputError(
                f"{self.name} converts float32; the dtype is {numbers.dtype}; convert it with astype(numpy.float32)"
            )
        numbers = numbers.astype(np.float32, copy=False)
        if not self.flush:
            return numbers
        bits = np.ascontiguousarray(numbers).view(np.uint32)
        tiny = bits & 0x7F800000 == 0
        return np.where(tiny, bits & 0x80000000, bits).view(np.float32).reshape(numbers.shape)

    def __str__(self) -> str:
        return self.name


_MODES = MappingProxyType({"nearest_even": 0, "down": 1, "up": 2, "toward_zero": 3})
_SOURCE = (
    "the instruction on a Xeon (family 6, model 207), all 2^32 inputs, 2026-11-26; "
    "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2"
)


def _rows() -> Iterator[Conversion]:
    yield Conversion("x86.vcvtneps2bf16", "bf16", flush=True, instruction="VCVTNEPS2BF16", source=_SOURCE,
                     note="MXCSR is not asked; torch's own cast keeps subnormal numbers.")  # fmt: skip
    for mode, number in _MODES.items():
        yield Conversion(f"x86.vcvtps2ph.{mode}", "fp16", mode, instruction=f"VCVTPS2PH imm8={number}", source=_SOURCE,
                         note="Subnormal results are kept, whatever MXCSR.FTZ says.")  # fmt: skip
    for mode, number in _MODES.items():
        suffix = ("rn", "rd", "ru", "rz")[number]
        yield Conversion(f"x86.vcvtps2phx.{mode}", "fp16", mode, instruction=f"VCVTPS2PHX {{{suffix}-sae}}",
                         source=_SOURCE)  # fmt: skip


@cache
def conversions() -> tuple[Conversion, ...]:
    """Return every conversion instruction.

    Examples
    --------
    >>> conversions()[0].instruction
    'VCVTNEPS2BF16'
    """
    return tuple(_rows())


def conversion(name: str | Conversion) -> Conversion:
    """Return the conversion of a name, written as that of a `unit`; a `Conversion` is returned as it is.

    Raises
    ------
    UnknownUnitError
        If there is none; the message lists the nearest names.

    Examples
    --------
    >>> conversion("x86.vcvtps2ph.up").rounding
    'up'
    """
    if isinstance(name, Conversion):
        return name
    return look_up(name, {one.name: one for one in conversions()}, "conversion")
