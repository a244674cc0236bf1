"""The derivative of rounding: that of the identity, of clipping to the range of the format, zero, or one given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["STE", "apply"]

STE = ("identity", "clipped", None)
"""The legal values of ``ste=``, besides functions."""


@partial(jax.jit, static_argnums=(0, 1))
def apply(job: Callable[[Any, Any], Any], ste: Any, x: Any, rest: Any, ends: Any) -> Any:
    """Run a job, compiled; `ends` are the least and the largest number of the format, for ``clipped``."""
    return _rounded(job, ste, x, rest, ends) if jnp.issubdtype(x.dtype, jnp.floating) else job(x, rest)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _rounded(job: Callable[[Any, Any], Any], ste: Any, x: Any, rest: Any, ends: Any) -> Any:
    return job(x, rest)


@_rounded.defjvp
def _rule(
    job: Callable[[Any, Any], Any], ste: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    x, rest, ends = primals
    y = _rounded(job, ste, x, rest, ends)
    if not jnp.issubdtype(y.dtype, jnp.floating):  # codes
        return y, jnp.zeros(y.shape, jax.dtypes.float0)
    tangent = tangents[0].astype(y.dtype)
    if ste == "clipped":
        tangent = jnp.where((x >= ends[0]) & (x <= ends[1]), tangent, jnp.zeros_like(tangent))
    if callable(ste):
        tangent = ste(x, y, tangent)
    return y, jnp.zeros_like(tangent) if ste is None else tangent
