"""Rival models: a unit's arithmetic with one parameter changed, to show that the results decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chopper.errors import ChopperError
from chopper.hardware import FusedSum, IntegerSum, Unit

__all__ = ["rivals"]


def rivals(unit: Unit, terms: int) -> dict[str, Unit]:
    """Return units that differ from `unit` in one parameter each, by what is changed.

    Parameters
    ----------
    unit : Unit
        Of truncated fused sums or of integer sums; others have no rivals here.
    terms : int
        Of the sums that will be compared: what they are too short to show is left out.

    Examples
    --------
    >>> from chopper import hardware
    >>> list(rivals(hardware.unit("h100.mma.int8"), 32))
    ['saturate']
    >>> list(rivals(hardware.unit("h100.wgmma.e4m3"), 32))[:4]
    ['fraction 12', 'fraction 14', 'terms 16', 'nearest_even']
    """
    found = {}
    for what, changes in _changes(unit.model, terms):
        try:
            found[what] = replace(unit, model=replace(unit.model, **changes))
        except ChopperError:  # no legal value
            continue
    return found


def _changes(model: Any, terms: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(model, IntegerSum):
        other = "wrap" if model.overflow == "saturate" else "saturate"
        yield other, {"overflow": other}
    if not isinstance(model, FusedSum):
        return
    for fraction in (model.fraction - 1, model.fraction + 1):
        yield f"fraction {fraction}", {"fraction": fraction}
    if terms > model.terms // 2:
        yield f"terms {model.terms // 2}", {"terms": model.terms // 2}
    other = "toward_zero" if model.rounding == "nearest_even" else "nearest_even"
    yield other, {"rounding": other}
    yield f"precision {model.precision - 1}", {"precision": model.precision - 1}
    if model.floor is not None:
        yield "no floor", {"floor": None}
        for floor in (model.floor - 1, model.floor + 1):
            yield f"floor {floor}", {"floor": floor}
    if model.order != "sequential":
        yield "sequential", {"order": "sequential"}
    elif model.promote is not None and terms > model.promote // 2:
        yield "no promotion", {"promote": None}
        for promote in (model.promote // 2, 2 * model.promote):
            yield f"promote {promote}", {"promote": promote}
