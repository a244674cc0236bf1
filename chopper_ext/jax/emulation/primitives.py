"""Which primitives of JAX are exact, which are opened, and which have a correctly rounded counterpart in chopper."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from types import MappingProxyType
from typing import Any

import jax.extend.core.primitives as known

from chopper import ops
from chopper.errors import UnsupportedInputError

__all__ = ["COUNTERPARTS", "EXACT", "OPENED", "SIGNS", "SINGLE", "check_names"]

EXACT = frozenset(
    {
        "all_gather", "all_to_all", "bitcast_convert_type", "broadcast_in_dim", "clamp", "concatenate", "copy",
        "copy_p", "cummax", "cummin", "device_put", "dynamic_slice", "dynamic_update_slice", "empty", "empty2",
        "gather", "max", "min", "name", "optimization_barrier", "pad", "pbroadcast", "pmax", "pmin", "ppermute",
        "pvary", "reduce_max", "reduce_min", "reduce_window_max", "reduce_window_min", "reshape", "rev", "scatter",
        "scatter-max", "scatter-min", "select_and_scatter", "select_n", "sharding_constraint", "slice", "sort",
        "split", "squeeze", "stop_gradient", "tile", "top_k", "transpose",
    }
)  # fmt: skip
"""What moves numbers or chooses among them: their results are among their operands, and are left as they are."""

SIGNS = frozenset({"neg", "abs"})
"""Exact where a format has the negative of each of its numbers."""

SINGLE = frozenset({"add", "add_any", "convert_element_type", "div", "mul", "psum", "sqrt", "square", "sub"})
"""What is one instruction of a machine, the same in every surrounding, or must not be apart from it."""

OPENED = frozenset(
    {
        "call", "checkpoint", "closed_call", "cond", "core_call", "custom_jvp_call", "custom_vjp_call", "jit", "pjit",
        "remat2", "scan", "shard_map", "while",
    }
)  # fmt: skip
"""Primitives that run a body, in which every operation rounds."""


def _square(x: Any, *rest: Any, **options: Any) -> Any:
    return ops.mul(x, x, *rest, **options)


COUNTERPARTS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "acos": ops.acos,
        "add": ops.add,
        "add_any": ops.add,
        "asin": ops.asin,
        "atan": ops.atan,
        "cbrt": ops.cbrt,
        "cos": ops.cos,
        "cosh": ops.cosh,
        "div": ops.div,
        "erf": ops.erf,
        "erfc": ops.erfc,
        "exp": ops.exp,
        "exp2": ops.exp2,
        "expm1": ops.expm1,
        "log": ops.log,
        "log1p": ops.log1p,
        "logistic": ops.sigmoid,
        "mul": ops.mul,
        "pow": ops.pow,
        "rem": ops.fmod,
        "rsqrt": ops.rsqrt,
        "sin": ops.sin,
        "sinh": ops.sinh,
        "sqrt": ops.sqrt,
        "square": _square,
        "sub": ops.sub,
        "tan": ops.tan,
        "tanh": ops.tanh,
    }
)
"""Primitives, by name, and the operation of `chopper.ops` that rounds their exact result once."""


@cache
def _known() -> frozenset[str]:
    found = {str(one.name) for one in vars(known).values() if hasattr(one, "bind")}
    return frozenset(found) | EXACT | OPENED | SIGNS | frozenset(COUNTERPARTS)


def check_names(names: Iterable[str]) -> frozenset[str]:
    """Return names of primitives as a set.

    Raises
    ------
    UnsupportedInputError
        If JAX has no primitive of such a name.
    """
    given = frozenset([names] if isinstance(names, str) else names)
    for name in given - _known():
        raise UnsupportedInputError(
            f"exclude={name!r} is no primitive of JAX; legal: names as jax.make_jaxpr(f)(...) shows them, such as "
            "'exp', 'dot_general', 'reduce_sum'"
        )
    return given
