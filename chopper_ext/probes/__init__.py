"""Probes: the real instructions of this machine, run on codes, beside the models of `chopper.hardware`.

A probe has

- ``unit``: the name of the unit of `chopper.hardware` that describes it,
- ``label``: which instruction or call it is, in a few words, where the unit has several,
- ``shape``: rows, columns and terms (m, n, k) of a tile,
- ``adds``: whether it takes a c; where it does not, c must be zero,
- ``missing()``: why it cannot run here, or None,
- ``machine()``: what the device calls itself,
- ``products(a, b, c)``: d = a b + c in codes, of tiles [tiles, m, k], [tiles, n, k] and [tiles, m, n].

Nothing is compiled, and no framework is imported, before a probe is asked whether it can run.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

__all__ = ["conversions", "probes"]

_PARTS = (("tensor_cores", "tensor_core_probes"), ("torch_products", "torch_probes"), ("cpu", "cpu_probes"))
_CONVERSIONS = (("converting", "cuda_conversions"), ("cpu", "cpu_conversions"))
"""Modules of this package, and the function of each that lists what it has."""


def probes() -> tuple[Any, ...]:
    """Return every probe, whether or not it can run here.

    Examples
    --------
    >>> any(probe.unit == "h100.wgmma.e4m3" for probe in probes())
    True
    """
    return tuple(_listed(_PARTS))


def conversions() -> tuple[Any, ...]:
    """Return every probe of a conversion instruction: ``name``, ``missing()``, ``converted()`` and ``expected()``.

    Examples
    --------
    >>> conversions()[0].name
    'cvt.rn.satfinite.e4m3x2.f32'
    """
    return tuple(_listed(_CONVERSIONS))


def _listed(parts: tuple[tuple[str, str], ...]) -> Iterator[Any]:
    for module, function in parts:
        yield from getattr(import_module(f"chopper_ext.probes.{module}"), function)()
