"""Numba's view of a `Kernel`: a type of its own, so that each loop is specialised, and cached on disk, per kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
from numba import types
from numba.extending import NativeValue, models, overload, register_model, typeof_impl, unbox

from chopper.engine import lanes
from chopper.engine.kernel import Kernel

__all__ = ["KernelType", "apply", "compiled"]


_COMPILED = (
    "block_loops", "compiled", "gemm/any_loops", "gemm/drawn", "gemm/exact_loops", "gemm/loops", "gemm/rounding_lanes",
    "gemm/rows", "gemm/steps", "gemm/traced", "gemm/vectors", "hardware/bounds", "hardware/float_loops",
    "hardware/fused_loops", "hardware/lanes", "hardware/staged_loops", "kernel", "ladder_loops", "lanes", "loops",
    "operations/fast_loops", "operations/lanes", "operations/loops", "operations/wide_loops", "power_loops",
    "quotient_loops",
)  # fmt: skip


@cache
def _sources_digest() -> str:
    """Return a hash of everything that ends up inside a compiled loop, so that no cache outlives an edit."""
    package = Path(__file__).parent.parent
    files = [*sorted(package.glob("kernels/*.py")), *(package / "engine" / f"{name}.py" for name in _COMPILED)]
    files += sorted(package.glob("engine/families/scaled/[ep][xa]*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


class KernelType(types.Type):  # type: ignore[misc]
    """The Numba type of one kernel."""

    def __init__(self, module: str, name: str, rule: str, width: int, digest: str) -> None:
        self.kernel = Kernel(module, name, rule, width)
        super().__init__(f"Kernel({module}.{name}, {rule}, {width}, {digest})")


@typeof_impl.register(Kernel)
def _typeof(kernel: Kernel, context: Any) -> KernelType:
    return KernelType(kernel.module, kernel.name, kernel.rule, kernel.width, _sources_digest())


register_model(KernelType)(models.OpaqueModel)


@unbox(KernelType)
def _unbox(typ: Any, obj: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


@cache
def compiled(function: Callable[..., Any]) -> Any:
    """Compile a dialect function, and every dialect function it calls, to be inlined whatever its size.

    A call that is left over would keep the loop out of the vectoriser, and out of the cache on disk.
    """
    scope = function.__globals__
    called = {
        name: compiled(scope[name]) for name in function.__code__.co_names if isinstance(scope.get(name), FunctionType)
    }
    copy = FunctionType(function.__code__, {**scope, **called}, function.__name__)
    return numba.njit(copy, forceinline=True)


def apply(kernel: Kernel, bits: Any, word: Any, f: Any) -> Any:
    """Run a kernel on one lane; exists in compiled code only."""
    raise NotImplementedError


@overload(apply)
def _apply(kernel: Any, bits: Any, word: Any, f: Any) -> Callable[..., Any]:
    chosen: Kernel = kernel.kernel
    where, take, core, c = lanes.where, lanes.take, compiled(chosen.function), chosen.carrier
    rule = getattr(lanes, chosen.rule) if chosen.module == "magic" else compiled(chosen.rule_function)

    def run(kernel: Any, bits: Any, word: Any, f: Any) -> Any:
        return core(where, rule, bits, word, c, f)

    def run_on_tables(kernel: Any, bits: Any, word: Any, f: Any) -> Any:
        return core(where, take, rule, bits, word, c, f)

    return run_on_tables if chosen.tables else run
