"""Which formats go with which arithmetic of a unit: what does not would be read as something that it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chopper.errors import PolicyError
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.hardware.chains import EvenOddChain, ExactSum, FusedChain, PairSum, PairTree
from chopper.hardware.models import FusedSum, GroupedSum, IntegerSum, StagedSum

__all__ = ["check_formats"]


class _Fit(NamedTuple):
    """What an arithmetic takes: operands, in words and as a condition on their names; results; scales."""

    words: str
    holds: Callable[[str], bool]
    results: tuple[str, ...]
    scales: tuple[str, ...] = ("",)


def _is_short(name: str) -> bool:
    fmt = get(name)
    return isinstance(fmt, FloatFormat) and (fmt.bits <= 16 or name == "tf32")


def _is_tiny(name: str) -> bool:
    fmt = get(name)
    return isinstance(fmt, FloatFormat) and fmt.bits <= 6 and fmt.infinity_code is None and fmt.nan_code is None


def _in_single(name: str) -> bool:
    fmt, single = get(name), get("fp32")
    if not isinstance(fmt, FloatFormat) or fmt.nan_at_negative_zero or name == "tf32":
        return False
    return fmt.precision <= 24 and fmt.smallest >= single.smallest and fmt.max <= single.max


_SHORT = ("floats of at most 16 bits, 'tf32'", _is_short)
_DOUBLE = _Fit("'fp64'", lambda name: name == "fp64", ("fp64",))
_CHAIN = _Fit("floats that fp32 holds, but 'tf32'", _in_single, ("fp32",))


def _fit_of(model: Any) -> _Fit:
    """Return what a model takes."""
    if isinstance(model, FusedSum):
        results = ("fp32", "fp16") if model.precision <= 11 else ("fp32",)
        return _Fit(*_SHORT, results, ("", "e8m0") if model.order == "sequential" else ("",))
    if isinstance(model, StagedSum):
        return _Fit(*_SHORT, ("fp32",))
    if isinstance(model, GroupedSum):
        return _Fit("floats of at most 6 bits without infinities and NaN", _is_tiny, ("fp32",), ("e8m0", "ue4m3"))
    if isinstance(model, IntegerSum):
        return _Fit("'int8', 'uint8', 'int16'", lambda name: name in ("int8", "uint8", "int16"), ("int32",))
    if isinstance(model, PairSum):
        return _Fit("'int8', 'uint8'", lambda name: name in ("int8", "uint8"), ("int32",))
    if isinstance(model, FusedChain) and model.rules.fmt == "fp64":
        return _DOUBLE
    if isinstance(model, FusedChain | EvenOddChain | PairTree | ExactSum):
        return _CHAIN
    raise PolicyError(f"model={model!r} is not legal; legal: one of the models of chopper.hardware, such as FusedSum")


def check_formats(model: Any, a: str, b: str, c: str, scale: str, block: int) -> None:
    """Raise unless formats, given by their own names, suit a model.

    Raises
    ------
    PolicyError
        If one does not; the message says what is legal.
    """
    fit, kind = _fit_of(model), type(model).__name__
    for field, name in (("a", a), ("b", b)):
        if not fit.holds(name):
            raise PolicyError(f"{field}={name!r} does not suit {kind}; legal: {fit.words}")
    for field, name, legal in (("c", c, fit.results), ("scale", scale, fit.scales)):
        if name not in legal:
            more = ", with precision at most 11 'fp16'" if c == "fp16" and isinstance(model, FusedSum) else ""
            raise PolicyError(f"{field}={name!r} does not suit {kind}; legal: {', '.join(map(repr, legal))}{more}")
    step = getattr(model, "group", 1) if scale else 0
    if isinstance(block, bool) or not isinstance(block, int) or (block < 1 or block % step if step else block != 0):
        raise PolicyError(
            f"block={block!r} is not legal; legal: {f'a multiple of {step}' if step else '0, without scales'}"
        )
