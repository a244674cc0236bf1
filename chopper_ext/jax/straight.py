"""Values from one function, derivatives from another: straight through what has none, or another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

__all__ = ["in_reverse", "through"]

Function = Callable[..., Any]


def through(value: Function, plain: Function) -> Function:
    """Return a function with the values of one and, in both directions, the derivative of another."""

    @jax.custom_jvp
    def joined(*operands: Any) -> Any:
        return value(*operands)

    @joined.defjvp
    def _rule(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        _, tangent = jax.jvp(plain, primals, tangents)
        return joined(*primals), tangent

    return joined


def in_reverse(value: Function, plain: Function) -> Function:
    """Return a function with the values of one and the reverse-mode derivative of another, which may have no other."""

    @jax.custom_vjp
    def joined(*operands: Any) -> Any:
        return value(*operands)

    def ahead(*operands: Any) -> Any:
        _, pull = jax.vjp(plain, *operands)
        return value(*operands), pull

    joined.defvjp(ahead, lambda pull, cotangents: pull(cotangents))
    return joined
