"""What adds up the terms of a product in a recipe: the framework itself, an accumulator, or a unit of hardware."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import Any

from chopper.accumulate import Accumulator
from chopper.errors import FormatError, PolicyError, UnknownFormatError
from chopper.formats.registry import get
from chopper.recipes.text import check_known, options
from chopper.rounding import Rounding

__all__ = ["accumulation", "accumulation_from", "accumulation_text", "accumulator_of", "is_random"]

_FIELDS = tuple(f.name for f in fields(Accumulator))


def accumulation(given: Any) -> Accumulator | str | None:
    """Return what users pass for ``accumulate``, in the one form that recipes keep.

    Parameters
    ----------
    given : None, str, Accumulator or unit of hardware
        None and "fp32": the framework's own product in float32, in the order of its kernels.  An `Accumulator`, or its
        fields as text, ``"sum=bf16,order=blocked,block=32"``; the name of a format alone is that of the sums.  A unit
        of `chopper.hardware`, or its name, which holds a dot: ``"h100.wgmma.e4m3"``.

    Raises
    ------
    PolicyError
        If it is something else, or there is no such unit.

    Examples
    --------
    >>> accumulation("bf16"), accumulation("fp32")
    (Accumulator(sum='bf16'), None)
    """
    if given is None or isinstance(given, Accumulator):
        return given
    if isinstance(given, str):
        return _read(given.strip())
    name = getattr(given, "name", None)
    if isinstance(name, str) and hasattr(given, "instruction"):
        return _unit(name)
    raise PolicyError(
        f"accumulate={given!r} is not legal; legal: None, 'fp32', the name of a format, an Accumulator, the name of a "
        "unit of hardware"
    )


def _read(text: str) -> Accumulator | str | None:
    if text.lower() == "fp32":
        return None
    if "=" in text and "<" not in text.partition("=")[0]:
        given: dict[str, Any] = options(text, "an Accumulator", _FIELDS)
        for name in ("block", "random_bits"):
            if name in given:
                given[name] = int(given[name]) if given[name].isdecimal() else given[name]
        if "fused" in given:
            given["fused"] = {"true": True, "false": False}.get(given["fused"].lower(), given["fused"])
        return Accumulator(**given)
    if "." in text.partition("<")[0] and not _is_format(text):  # such as q3.4
        return _unit(text)
    return Accumulator(sum=text)


def _is_format(text: str) -> bool:
    try:
        get(text)
    except (FormatError, UnknownFormatError):
        return False
    return True


def _unit(name: str) -> str:
    """Return the name of a unit that there is."""
    _hardware(name)
    return name


def _hardware(name: str) -> Any:
    try:
        hardware = import_module("chopper.hardware")
    except ModuleNotFoundError:
        raise PolicyError(f"accumulate={name!r} names a unit of hardware, and this chopper has none") from None
    return hardware.unit(name)


def accumulator_of(kept: Accumulator | str | None) -> Any:
    """Return what `chopper.matmul` takes for what a recipe keeps; None stands for the framework's own product."""
    return _hardware(kept) if isinstance(kept, str) else kept


def accumulation_text(kept: Accumulator | str | None) -> str:
    """Return the text that `accumulation` reads back.

    Examples
    --------
    >>> accumulation_text(Accumulator(sum="bf16", fused=True))
    'sum=bf16,fused=true'
    """
    if not isinstance(kept, Accumulator):
        return kept or "fp32"
    changed = {f.name: getattr(kept, f.name) for f in fields(kept) if getattr(kept, f.name) != f.default}
    texts = (f"{n}={str(v).lower() if isinstance(v, bool) else v}" for n, v in changed.items())
    return ",".join(texts) or "sum=fp32"


def accumulation_from(given: Any) -> Accumulator | str | None:
    """Return what JSON holds: None, a text, or the fields of an `Accumulator`."""
    if isinstance(given, dict):
        check_known(given, "an Accumulator", _FIELDS)
        return Accumulator(**given)
    return accumulation(given)


def is_random(kept: Accumulator | str | None) -> bool:
    """Whether an accumulator draws random words."""
    return isinstance(kept, Accumulator) and Rounding.parse(kept.rounding).random
