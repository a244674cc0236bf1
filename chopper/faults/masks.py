"""Which bits of a code belong to a field, for many codes at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.anatomy.layout import fields as fields_of
from chopper.engine.inputs import as_codes
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.takum import TakumFormat

__all__ = ["Fields", "field_masks", "field_names"]

Fields = str | int | Iterable[str | int]
"""Fields of a code: a name, the number of a bit (0 is the lowest), or several of them."""

_Codes = npt.NDArray[Any]

_GROUPS = {
    "exponent": ("exponent", "regime", "direction", "characteristic", "dot"),
    "significand": ("fraction", "integer"),
}
"""Names that stand for more than the field of that name: all that says the exponent, all that says the digits."""


def field_names(fmt: str | Format) -> tuple[str, ...]:
    """Return the names of fields that codes of a format may have, as `chopper.anatomy.fields` tells them.

    Examples
    --------
    >>> field_names("e4m3"), field_names("posit8"), field_names("int8")
    (('sign', 'exponent', 'fraction'), ('sign', 'regime', 'exponent', 'fraction'), ('integer',))
    """
    return _names(get(fmt))


@lru_cache(maxsize=256)
def _names(fmt: Format) -> tuple[str, ...]:
    found = [field.name for code in _probes(fmt) for field in fields_of(fmt, code)]
    longest = max(([f.name for f in fields_of(fmt, code)] for code in _probes(fmt)), key=len)
    return tuple(dict.fromkeys([*longest, *found]))


def _probes(fmt: Format) -> list[int]:
    """Return codes that between them show every layout that a family has."""
    top = (1 << fmt.bits) - 1
    return sorted({code for k in range(fmt.bits) for code in (1 << k, top >> k, top ^ (top >> k))} | {0, top})


def field_masks(fmt: str | Format, fields: Fields, codes: Any) -> npt.NDArray[np.uint64]:
    """Return, for each code, the bits that belong to some fields; 0 where a code has none of them.

    Parameters
    ----------
    fmt : str or Format
        A format of single numbers.
    fields : str, int or iterable of them
        ``"any"``: all bits.  ``"exponent"``: all that says the exponent (of posits regime and exponent bits, of takums
        direction, regime and characteristic, of HiFloat8 dot and exponent).  ``"significand"``: all that says the
        digits (the fraction; of integers and fixed point the whole code).  Else a name out of `field_names`, or the
        number of a bit, 0 being the lowest.
    codes : array of integers
        Codes of the format.

    Raises
    ------
    UnsupportedInputError
        If the format has no such field or bit.
    RangeError
        If an element is no code.

    Examples
    --------
    >>> [bin(mask) for mask in field_masks("posit8", "exponent", [0x40, 0x70, 0x7f])]
    ['0b1111000', '0b1111110', '0b1111111']
    >>> field_masks("e4m3", ["sign", 0], [0]).tolist()
    [129]
    """
    fmt = get(fmt)
    names, always = _selected(fmt, fields)
    given = as_codes(codes, fmt).astype(np.uint64)
    if not names:
        return np.full(given.shape, always, np.uint64)
    kinds, place = np.unique(_kinds(fmt, given.reshape(-1)), return_inverse=True)
    masks = np.array([_mask(fmt, names, int(code)) | always for code in kinds], np.uint64)
    found: npt.NDArray[np.uint64] = masks[place].reshape(given.shape)
    return found


def _selected(fmt: Format, fields: Fields) -> tuple[frozenset[str], int]:
    """Return the names of the fields that are meant, and the bits that always are."""
    known, names, always = field_names(fmt), set(), 0
    for field in (fields,) if isinstance(fields, (str, int)) else fields:
        meant = set(_GROUPS.get(str(field), (field,))) & set(known)
        if isinstance(field, int) and not isinstance(field, bool) and 0 <= field < fmt.bits:
            always |= 1 << field
        elif field == "any":
            always |= (1 << fmt.bits) - 1
        elif meant:
            names |= {str(name) for name in meant}
        else:
            legal = ", ".join(dict.fromkeys(["any", *known, *(g for g in _GROUPS if set(_GROUPS[g]) & set(known))]))
            raise UnsupportedInputError(
                f"{fmt} has no field {field!r}; legal: {legal}, and the numbers of bits, 0 to {fmt.bits - 1}"
            )
    return frozenset(names), always


@lru_cache(maxsize=1 << 16)
def _mask(fmt: Format, names: frozenset[str], code: int) -> int:
    mask = 0
    for field in fields_of(fmt, code):
        width = len(field.bits)
        mask = mask << width | ((1 << width) - 1) * (field.name in names)
    return mask


@lru_cache(maxsize=256)
def _is_uniform(fmt: Format) -> bool:
    """Whether all codes have their fields in the same places."""
    return len({tuple((f.name, len(f.bits)) for f in fields_of(fmt, code)) for code in _probes(fmt)}) == 1


@singledispatch
def _kinds(fmt: Format, codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return, for each code, one that has the same fields; few different ones."""
    return np.zeros_like(codes) if _is_uniform(fmt) else codes


@_kinds.register
def _(fmt: PositFormat, codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The fields follow from the run of equal bits below the sign: drop what is behind its end."""
    below = (codes ^ codes >> np.uint64(1)) & np.uint64((1 << (fmt.n - 2)) - 1)
    for by in (1, 2, 4, 8, 16, 32):
        below |= below >> np.uint64(by)
    kinds: npt.NDArray[np.uint64] = codes & ~(below >> np.uint64(1))
    return kinds


@_kinds.register
def _(fmt: TakumFormat, codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The fields follow from direction and regime."""
    kinds: npt.NDArray[np.uint64] = codes >> np.uint64(max(fmt.n - 5, 0)) << np.uint64(max(fmt.n - 5, 0))
    return kinds
