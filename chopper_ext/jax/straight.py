"""Values from one function, derivatives from another: straight through what has none, or another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

__all__ = ["in_reverse", "through"]


def through(value: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the values of one and, in both directions, the derivative of another.

    `value` takes a key, or None, before the operands of `plain`; functions with derivatives of their own must be given
    what is traced.
    """

    @jax.custom_jvp
    def joined(key: Any, *operands: Any) -> Any:
        return value(key, *operands)

    @joined.defjvp
    def _rule(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        _, tangent = jax.jvp(plain, primals[1:], tangents[1:])
        return joined(*primals), tangent

    return joined


def in_reverse(value: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as `through` does, with the reverse-mode derivative of another, which may have no other."""

    @jax.custom_vjp
    def joined(key: Any, *operands: Any) -> Any:
        return value(key, *operands)

    def ahead(key: Any, *operands: Any) -> Any:
        _, pull = jax.vjp(plain, *operands)
        return value(key, *operands), pull

    joined.defvjp(ahead, lambda pull, cotangents: (None, *pull(cotangents)))
    return joined
