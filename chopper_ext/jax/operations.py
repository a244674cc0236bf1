"""Operations and matrix products on JAX arrays: the core's functions, at once or by a callback from compiled code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chopper import Overflow, Rounding, ScaledArray, ops
from chopper.errors import OutputError, RangeError, UnsupportedInputError
from chopper_ext.jax.dtypes import need_x64
from chopper_ext.jax.words import key_words, traced

__all__ = ["operate"]


class _Call(NamedTuple):
    """A call without its arrays."""

    function: Callable[..., Any]
    keywords: dict[str, Any]
    constants: tuple[Any, ...]  # operands that are no arrays; `...` where there is an array

    def filled(self, arrays: Sequence[Any]) -> list[Any]:
        """Return the operands."""
        rest = iter(arrays)
        return [next(rest) if x is ... else x for x in self.constants]

    def takes_batches(self, arrays: Sequence[Any], draw: dict[str, Any]) -> bool:
        """Whether an axis in front of all arrays changes nothing for an example."""
        ranks = {x.ndim for x in arrays}
        least = 2 if "accumulate" in self.keywords else 0
        scalars = all(x is ... or x is None or isinstance(x, (int, float)) for x in self.constants)
        drawn = _is_random(self.keywords) or "axis" in self.keywords
        return scalars and not drawn and len(ranks) == 1 and ranks.pop() >= least

    def now(self, arrays: Sequence[Any], draw: dict[str, Any]) -> Any:
        """Return the result as NumPy has it."""
        drawn = {name: np.asarray(given) for name, given in draw.items()}
        return np.asarray(self.function(*self.filled([np.asarray(x) for x in arrays]), **{**self.keywords, **drawn}))


def operate(function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Return an array of the bits, and of the dtype, that a function of the core gives for the same arrays in NumPy.

    Under tracing the function is called back from compiled code, by `jax.pure_callback`.  Its derivatives are those
    that JAX's own operation has at the operands: straight through every rounding.

    Raises
    ------
    OutputError
        For ``out``.
    RandomKeyError
        In a random mode under tracing, without a key.
    RangeError
        Under tracing for ``overflow="raise"``.
    UnsupportedInputError
        For a result of 64 bits where JAX has none; under tracing for ``flags``, and where a derivative is due of a
        function that has none here.
    """
    if keywords.get("out") is not None:
        raise OutputError("out= cannot be used: JAX arrays do not change; take the result")
    keywords, draw = _drawn(operands, keywords)
    arrays = [x for x in operands if isinstance(x, (jax.Array, np.ndarray))]
    call = _Call(function, keywords, tuple(... if isinstance(x, (jax.Array, np.ndarray)) else x for x in operands))
    if not traced(arrays, draw):
        result = call.now(arrays, draw)
        _check_held(result)
        places = next(x for x in arrays if isinstance(x, jax.Array)).devices()
        return jax.device_put(result, next(iter(places)) if len(places) == 1 else None)
    if keywords.get("flags") is not None:
        raise UnsupportedInputError("flags= cannot be raised by compiled code; leave it out under tracing")
    if Overflow.parse(_asked(keywords, "overflow") or "saturate") is Overflow.RAISE:
        raise RangeError("under tracing nobody can see whether a result overflows; choose another overflow=")
    for x in arrays:
        _check_held(x)
    return _later(call, _promised(call, arrays), [jnp.asarray(x) for x in arrays], draw)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _later(call: _Call, result: Any, arrays: Any, draw: dict[str, Any]) -> Any:
    method = "expand_dims" if call.takes_batches(arrays, draw) else "sequential"
    return jax.pure_callback(call.now, result, arrays, draw, vmap_method=method)


@_later.defjvp
def _rule(call: _Call, result: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    y = _later(call, result, *primals)
    if not jnp.issubdtype(y.dtype, jnp.floating):
        return y, np.zeros(y.shape, jax.dtypes.float0)
    plain = _PLAIN.get(call.function.__name__)
    if plain is None:
        raise UnsupportedInputError(
            f"{call.function.__name__} has no derivative here; use jax.lax.stop_gradient on the operands, or round "
            f"JAX's own result with chopper.chop; those with one: {', '.join(_PLAIN)}"
        )
    _, tangent = jax.jvp(lambda *arrays: plain(*_decoded(call.filled(arrays))), tuple(primals[0]), tuple(tangents[0]))
    return y, tangent.astype(y.dtype)


def _product(a: Any, b: Any, c: Any = None) -> Any:
    product = jnp.matmul(a, b)
    return product if c is None else jnp.broadcast_to(c, product.shape) + product


_PLAIN: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "matmul": _product,
        "dot": _product,
        "add": jnp.add,
        "sub": jnp.subtract,
        "mul": jnp.multiply,
        "div": jnp.divide,
        "fma": lambda x, y, z: x * y + z,
        "sqrt": jnp.sqrt,
    }
)


def _drawn(operands: Sequence[Any], keywords: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords that do not change from run to run of what is compiled, and what is drawn from."""
    fixed = {name: given for name, given in keywords.items() if name not in ("key", "out", "random_words")}
    if not _is_random(keywords):
        return fixed, {}
    key, words = keywords.get("key"), keywords.get("random_words")
    if words is not None:
        return fixed, {"random_words": words}
    if isinstance(key, jax.Array):
        return fixed, {"key": key_words(key, True)}
    if traced(operands):
        key_words(key, True)  # raises where a draw would be the same in every run
    return {**fixed, "key": key}, {}


def _promised(call: _Call, arrays: Sequence[Any]) -> Any:
    """Return the shape and the dtype of a result: the dtype is that of a call on single numbers."""
    name, keywords = call.function.__name__, call.keywords
    shapes: dict[str, Callable[..., Any]] = {
        "matmul": _product,
        "dot": _product,
        "softmax": lambda x: x,
        "logsumexp": lambda x: jnp.max(x, keywords["axis"]),
    }
    blank = [None if x is None else np.zeros(np.shape(x), bool) for x in call.filled(arrays)]
    try:
        shape = jax.eval_shape(shapes.get(name, lambda *xs: jnp.broadcast_arrays(*xs)[0]), *blank).shape
    except (TypeError, ValueError) as error:
        raise UnsupportedInputError(f"operands of {name} do not go together: {error}") from None
    ones = [np.ones((1,) * x.ndim, x.dtype) for x in arrays]
    operands = [np.ones((1,) * x.ndim) if isinstance(x, ScaledArray) else x for x in call.filled(ones)]
    function = call.function
    if name in ("nextup", "nextdown", "nextafter", "ulp"):  # of values of the format, which 1 may not be
        function, operands = ops.add, [operands[0], operands[-1]]
    kept = ("fmt", "rounding", "accumulate", "axis", "nar", "random_bits")
    given = {name: keywords[name] for name in kept if name in keywords}
    if _is_random(given):
        given["key"] = 0
    dtype = np.asarray(function(*operands, **given)).dtype
    result = jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
    _check_held(result)
    return result


def _asked(keywords: dict[str, Any], name: str) -> Any:
    return keywords.get(name, getattr(keywords.get("accumulate"), name, None))


def _is_random(keywords: dict[str, Any]) -> bool:
    return Rounding.parse(_asked(keywords, "rounding") or "nearest_even").random


def _decoded(operands: Sequence[Any]) -> list[Any]:
    return [x.decode(np.float64) if isinstance(x, ScaledArray) else x for x in operands]


def _check_held(x: Any) -> None:
    if x.dtype.itemsize == 8:
        need_x64(f"an operand or the result is {x.dtype}; use operands and formats that float32 holds")
