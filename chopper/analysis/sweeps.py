"""One computation in many formats and rounding modes, and its outcomes as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from chopper.analysis.statistics import several
from chopper.arithmetic import Arithmetic
from chopper.conversion import chop
from chopper.errors import ChopperError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["Outcome", "rounder", "rows_of", "sweep", "text_of"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Outcome(Generic[_T]):
    """What a computation gave in one format and mode; ``value`` is None where chopper refused, ``error`` says why."""

    format: str
    rounding: str
    value: _T | None
    error: str = ""


def rounder(fmt: str | Format, rounding: str | Rounding = "nearest_even", *, key: int = 0) -> Callable[[Any], Any]:
    """Return the function ``x -> chop(x, fmt, rounding)``; in random modes every call draws new words from `key`.

    Examples
    --------
    >>> to_e4m3 = rounder("e4m3")
    >>> to_e4m3(0.1)
    0.1015625
    """
    mode = Rounding.parse(rounding)
    return partial(chop, fmt=get(fmt), rounding=mode, key=np.random.default_rng(key) if mode.random else None)


def sweep(
    fn: Callable[[Any], _T],
    formats: str | Format | Iterable[str | Format],
    roundings: str | Rounding | Iterable[str | Rounding] = ("nearest_even",),
    *,
    key: int = 0,
    arithmetic: bool = False,
) -> Iterator[Outcome[_T]]:
    """Run a computation once per format and rounding mode.

    Parameters
    ----------
    fn : callable
        Gets a function that rounds arrays, or an `Arithmetic`, and returns whatever is of interest.
    formats : str, Format or iterable of them
        As `fmt` of `chopper.chop`.
    roundings : str, Rounding or iterable of them
        As `rounding` of `chopper.chop`.
    key : int
        Where random modes start; the same for every run.
    arithmetic : bool
        Give `fn` an `Arithmetic` of the format and mode, whose operations are rounded once each.

    Yields
    ------
    Outcome
        Formats in the outer loop, modes in the inner one.

    Examples
    --------
    >>> third = lambda r: r(r(1.0) / r(3.0))
    >>> [(one.format, one.rounding, one.value) for one in sweep(third, ["e4m3"], ["down", "up"])]
    [('e4m3', 'down', 0.3125), ('e4m3', 'up', 0.34375)]
    >>> [float(one.value) for one in sweep(lambda a: a.div(1.0, 3.0), ["e4m3", "e5m2"], arithmetic=True)]
    [0.34375, 0.3125]
    """
    several_modes = (roundings,) if isinstance(roundings, (str, Rounding)) else roundings
    modes = [Rounding.parse(rounding) for rounding in several_modes]
    for fmt in map(get, several(formats)):
        for mode in modes:
            try:
                given = Arithmetic(fmt, mode, key=key) if arithmetic else rounder(fmt, mode, key=key)
                yield Outcome(str(fmt), mode.value, fn(given))
            except ChopperError as refusal:
                yield Outcome(str(fmt), mode.value, None, str(refusal))


def rows_of(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Return outcomes, or other records, as rows of a table: a dict for each, all with the same keys.

    A value that is a mapping, a dataclass or a named tuple gives a column for each of its fields, any other one the
    column ``value``; refusals, if there are any, the column ``error``.  What a row does not have is None.

    Parameters
    ----------
    found : iterable of Outcome, dataclass, named tuple or mapping

    Examples
    --------
    >>> rows_of(sweep(lambda a: {"third": float(a.div(1.0, 3.0))}, ["e4m3", "e5m2"], arithmetic=True))
    [{'format': 'e4m3', 'rounding': 'nearest_even', 'third': 0.34375},
     {'format': 'e5m2', 'rounding': 'nearest_even', 'third': 0.3125}]
    """
    rows = [_row(one) for one in found]
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(one: Any) -> dict[str, Any]:
    if not isinstance(one, Outcome):
        return _fields(one)
    row: dict[str, Any] = {"format": one.format, "rounding": one.rounding}
    if one.error:
        return {**row, "error": one.error}
    return {**row, **{name: part for name, part in _fields(one.value).items() if name not in row}}


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(name): part for name, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    return {"value": value}


def text_of(rows: Iterable[Mapping[str, Any]], *, digits: int = 4) -> str:
    """Return rows as lines of text, columns below their names; numbers with so many digits.

    Examples
    --------
    >>> print(text_of([{"format": "e4m3", "error": 0.03125, "overflow": 2}, {"format": "fp16", "error": None}]))
    format    error  overflow
    e4m3    0.03125         2
    fp16          -         -
    """
    table = [dict(row) for row in rows]
    columns = list(dict.fromkeys(name for row in table for name in row))
    cells = [columns, *([_cell(row.get(name), digits) for name in columns] for row in table)]
    numeric = [any(_is_number(row.get(name)) for row in table) for name in columns]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in cells
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, (float, np.floating)):
        return f"{value:.{digits}g}"
    return str(value)
