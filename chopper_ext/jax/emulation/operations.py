"""One operation: what JAX computes, or chopper, and then its rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from chopper import matmul, ops
from chopper.errors import UnsupportedInputError
from chopper_ext.jax.contraction import Contraction
from chopper_ext.jax.emulation.policy import Policy, is_floating
from chopper_ext.jax.emulation.primitives import COUNTERPARTS, EXACT, SIGNS, SINGLE
from chopper_ext.jax.exactness import settled
from chopper_ext.jax.straight import through
from chopper_ext.jax.words import traced

__all__ = ["bind", "perform"]


def perform(policy: Policy, equation: Any, values: list[Any], key: Any) -> list[Any]:
    """Return the results of a primitive that is not opened."""
    name = equation.primitive.name
    if not any(is_floating(one.aval) for one in equation.outvars):
        _check_real(equation)
        return bind(equation, values)
    if name in policy.exclude:
        return [settled(one) if is_floating(one) else one for one in _computed(equation, values)]
    if name in EXACT or (name in SIGNS and policy.symmetric):
        return bind(equation, values)
    own = _own(policy, equation)
    if own is not None:
        dtype = equation.outvars[0].aval.dtype
        results = [through(lambda key, *xs: own(key, *xs).astype(dtype), _single(equation))(key, *values)]
        if policy.exact:
            return results
    elif name == "reduce_sum":
        results = [through(lambda _, x: _halved(x, equation.params["axes"]), _single(equation))(None, *values)]
    elif name == "convert_element_type" and _widens(values[0], equation.params["new_dtype"]):
        return bind(equation, values)
    else:
        results = _computed(equation, values)
    return policy.all_rounded(results, key)


def bind(equation: Any, values: list[Any]) -> list[Any]:
    """Return what JAX itself computes."""
    parameters = equation.primitive.get_bind_params(equation.params)
    first, named = parameters if isinstance(parameters, tuple) else ((), parameters)
    out = equation.primitive.bind(*first, *values, **named)
    return list(out) if equation.primitive.multiple_results else [out]


def _computed(equation: Any, values: list[Any]) -> list[Any]:
    """Return what JAX computes, with the bits that it has in a program of its own."""
    values = _apart(values)
    varying = any(getattr(jax.typeof(x), "vma", ()) for x in values)
    if equation.primitive.name in SINGLE or varying or not traced(values, jnp.zeros(())):
        return bind(equation, values)

    def plain(*operands: Any) -> list[Any]:
        return bind(equation, list(operands))

    return list(through(lambda _, *operands: _alone(plain, operands), plain)(None, *values))


def _alone(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """Run a function as the branch of a condition that the compiler cannot see through: nothing is fused with it."""
    barrier: Any = lax.optimization_barrier
    shapes = jax.eval_shape(function, *operands)

    def never(*_: Any) -> Any:
        return jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)

    return lax.cond(barrier(jnp.int32(1)) > 0, function, never, *operands)


def _widens(x: Any, dtype: Any) -> bool:
    """Whether each number of the dtype of an array is one of another dtype."""
    return is_floating(x) and jnp.promote_types(x.dtype if hasattr(x, "dtype") else dtype, dtype) == dtype


def _own(policy: Policy, equation: Any) -> Callable[..., Any] | None:
    """Return how chopper computes a primitive, of a key and operands, where it shall and can."""
    name, parameters = equation.primitive.name, equation.params
    if not all(is_floating(one.aval) for one in equation.invars):
        return None
    if name == "dot_general" and (policy.exact or policy.accumulate is not None):
        accumulate = policy.accumulate or policy.sums
        return lambda key, a, b: _product(a, b, parameters["dimension_numbers"], accumulate, key)
    if not policy.exact:
        return None
    settings = {"fmt": policy.fmt, "rounding": policy.rounding, **policy.options}
    if name in COUNTERPARTS:
        return lambda key, *xs: COUNTERPARTS[name](*xs, **settings, key=key)
    if name == "integer_pow":
        return lambda key, x: ops.power(x, parameters["y"], **settings, key=key)
    if name == "reduce_sum":
        return lambda key, x: _summed(x, parameters["axes"], policy.sums, key)
    return None


def _product(a: Any, b: Any, dimensions: Any, accumulate: Any, key: Any) -> Any:
    how = Contraction.of(dimensions, a.ndim, b.ndim)
    return how.result(matmul(how.rows(a), how.columns(b), accumulate=accumulate, key=key), a, b)


def _summed(x: Any, axes: tuple[int, ...], accumulate: Any, key: Any) -> Any:
    dimensions = ((axes, range(len(axes))), ((), ()))
    return _product(x, jnp.ones([x.shape[axis] for axis in axes], x.dtype), dimensions, accumulate, key)


def _halved(x: Any, axes: tuple[int, ...]) -> Any:
    """Add the second half to the first, the middle of an odd number to nothing, until one is left."""
    how = Contraction.of(((axes, ()), ((), ())), x.ndim, 0)
    batch = [x.shape[axis] for axis in how.left[1]]
    terms = how.rows(x).reshape(*batch, -1) if x.size else jnp.zeros((*batch, 1), x.dtype)
    while (count := terms.shape[-1]) > 1:
        half = (count + 1) // 2
        low, high = terms[..., :half], terms[..., half:]
        added = low[..., : count - half] + high
        terms = jnp.concatenate([added, low[..., count - half :]], -1)
    return terms[..., 0]


def _single(equation: Any) -> Callable[..., Any]:
    return lambda *xs: bind(equation, list(xs))[0]


def _apart(values: list[Any]) -> list[Any]:
    """Hide from the compiler where numbers come from, so that constants are not folded into an operation."""
    barrier: Any = lax.optimization_barrier
    return [barrier(jnp.asarray(x)) if is_floating(x) else x for x in values]


def _check_real(equation: Any) -> None:
    for one in equation.outvars:
        if jnp.issubdtype(getattr(one.aval, "dtype", bool), jnp.complexfloating):
            raise UnsupportedInputError(
                f"{equation.primitive.name} gives complex numbers, whose rounding is not defined here; compute with "
                "real and imaginary parts, or leave the function that does it out of the emulation"
            )
