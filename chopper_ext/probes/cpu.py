"""Instructions of this machine's processor as probes, and torch's own products where it multiplies in tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from chopper.hardware import units
from chopper.hardware.casts import Conversion, conversions
from chopper.hardware.processor import SHAPES, machine, missing, operate, products
from chopper_ext.probes.addends import refuse_addend

__all__ = ["Cast", "Processor", "TorchProduct", "cpu_conversions", "cpu_probes"]


@dataclass(frozen=True)
class Processor:
    """One instruction of an x86-64 processor that adds products.

    Examples
    --------
    >>> Processor("x86.tdpbf16ps.bf16").shape
    (16, 16, 32)
    """

    unit: str
    label: str = ""
    adds: bool = True

    @property
    def instruction(self) -> str:
        """Its name in `chopper.hardware.processor`."""
        return self.unit.split(".")[1]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms of a tile."""
        return SHAPES[self.instruction]

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        return missing(self.instruction)

    def machine(self) -> str:
        """Return what the processor calls itself."""
        return machine()

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return d = a b + c of every tile, in codes [tiles, m, k], [tiles, n, k] and [tiles, m, n]."""
        return products(self.instruction, np.asarray(a), np.asarray(b), np.asarray(c))


@dataclass(frozen=True)
class TorchProduct:
    """torch's product of float32 matrices that it rounds to bfloat16 and multiplies by AMX: K terms, without c.

    Small products it does in another way, so a tile has 64 rows and columns.
    """

    k: int
    unit: str = "x86.tdpbf16ps.bf16"
    adds: bool = False

    @property
    def label(self) -> str:
        """The call and K."""
        return f"torch.mm, fp32_precision='bf16', K={self.k}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms of a tile."""
        return 64, 64, self.k

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        if find_spec("torch") is None:
            return "torch is not installed"
        reason = missing("tdpbf16ps")
        if reason:
            return reason
        import torch

        backend: Any = torch.backends.mkldnn
        if not backend.is_available():
            return "this torch has no oneDNN"
        if not hasattr(getattr(backend, "matmul", None), "fp32_precision"):
            return "this torch does not offer fp32_precision"
        if tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) < (2, 13):
            return f"torch {torch.__version__} multiplies in another order; 2.13 does as the model"
        return None

    def machine(self) -> str:
        """Return what the processor calls itself, and the version of torch."""
        import torch

        return f"{machine()}, torch {torch.__version__}"

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return d = a b of every tile, in codes of float32; `c` must be +0."""
        import torch

        refuse_addend(c)
        left, right = (torch.from_numpy((np.asarray(x).astype(np.uint32) << 16).view(np.float32)) for x in (a, b))
        with _in_bfloat16():
            results = [(x @ y.t()).numpy() for x, y in zip(left, right, strict=True)]
        return np.stack(results).view(np.uint32)


@contextmanager
def _in_bfloat16() -> Iterator[None]:
    """Let torch multiply float32 matrices by way of bfloat16 meanwhile."""
    import torch

    backend: Any = torch.backends.mkldnn
    settings = backend.matmul
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        yield
    finally:
        settings.fp32_precision = before


@dataclass(frozen=True)
class Cast:
    """One conversion instruction of an x86-64 processor.

    Examples
    --------
    >>> cpu_conversions()[0].name
    'x86.vcvtneps2bf16'
    """

    conversion: Conversion
    instruction: str
    source: str = "fp32"

    @property
    def name(self) -> str:
        """That of the conversion, or of the instruction where it has a form of its own."""
        return f"x86.{self.instruction}"

    @property
    def target(self) -> str:
        """The format of the results."""
        return self.conversion.fmt

    @property
    def dtype(self) -> Any:
        """The dtype of the codes that come in."""
        return np.dtype(np.uint32)

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        return missing(self.instruction)

    def machine(self) -> str:
        """Return what the processor calls itself."""
        return machine()

    def converted(self, codes: Any) -> Any:
        """Return what the instruction makes of codes of float32."""
        return operate(self.instruction, codes).view(np.uint16)[: codes.size]

    def expected(self, codes: Any, threads: int | None = None) -> Any:
        """Return chopper's codes."""
        return self.conversion.encode(codes.view(np.float32), threads=threads)


def cpu_probes() -> tuple[Any, ...]:
    """Return every probe of the processor, whether or not it can run here."""
    names = (one.name for one in units() if one.name.startswith("x86."))
    return (*(Processor(name) for name in names), TorchProduct(64), TorchProduct(256))


def cpu_conversions() -> tuple[Cast, ...]:
    """Return every probe of a conversion; VCVTPS2PH on both widths of registers."""
    found = []
    for one in conversions():
        device, _, name = one.name.partition(".")
        if device != "x86":
            continue
        found.append(Cast(one, name))
        if name.startswith("vcvtps2ph."):
            found.append(Cast(one, name.replace("vcvtps2ph.", "vcvtps2ph.ymm.")))
    return tuple(found)
