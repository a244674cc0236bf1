"""`emulate`: a function as it would run where every number has one format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import jax

from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from chopper_ext.jax.emulation.bodies import walk
from chopper_ext.jax.emulation.policy import Policy
from chopper_ext.jax.emulation.primitives import check_names
from chopper_ext.jax.words import key_words, traced

__all__ = ["emulate"]


def emulate(
    f: Callable[..., Any],
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    exclude: Iterable[str] = (),
    accumulate: Any = None,
    exact: bool = False,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
) -> Callable[..., Any]:
    """Return a function that computes as `f` does, with the result of every floating-point operation rounded.

    Operations are the primitives that ``jax.make_jaxpr(f)`` shows, in the bodies of jit, vmap, grad, checkpoint, scan,
    while, cond, shard_map, custom_jvp and custom_vjp too.  Arguments and constants are taken as they are; use
    `chopper.chop` on those that shall have the format too.

    Parameters
    ----------
    f : function of arrays, or of trees of arrays
    fmt : str or Format
        The format of results; the dtype of each result must hold it.
    rounding, overflow, random_bits
        As for `chopper.chop`.
    key : JAX key or int
        For random modes, in `f` or in `accumulate`.  With ``Keys`` of `chopper.random`, equation n of a body with key k
        draws from ``Keys(k).at(n)``, counted from 0 as make_jaxpr shows them; that is the key of a single result, of a
        product, and of the body that the equation runs; result j of several draws from the j-th key of that.
        Iteration i of a scan has the key ``at(i)`` of its equation, i being the position in the scanned arrays; in a
        while loop its condition has ``at(2i)`` and its body ``at(2i + 1)``.  Under vmap each example, and in shard_map
        each shard, draws as if it were alone.  So jit changes no bit; a version of JAX that traces otherwise may.
    exclude : names of primitives
        Left in the dtype of `f`, with their bodies.
    accumulate : Accumulator or unit of chopper.hardware, optional
        How ``dot_general`` adds, by `chopper.matmul`; what comes out is then rounded to `fmt`.
    exact : bool
        Round the exact result of an operation once, wherever `chopper.ops` has its counterpart, by a callback to the
        host: ``+ - * / sqrt rsqrt cbrt pow integer_pow rem``, exponentials, logarithms, trigonometric and hyperbolic
        functions but those whose inverse hyperbolic one is meant, logistic, erf, erfc; and ``dot_general`` (but with
        `accumulate`) and ``reduce_sum``, as exact sums.

    Returns
    -------
    function
        Of the same arguments, to be used under every transformation.  ``emulate(jax.grad(f), fmt)`` rounds in the
        backward pass too; ``jax.grad(emulate(f, fmt))`` goes straight through each rounding.

    Notes
    -----
    What one rounding is of, without `exact`: of the result that JAX computes in the dtype of `f`.

    - Moves and choices (reshape, gather, select, max, sort ...) are not rounded, nor are neg and abs where the format
      has the negative of each of its numbers.
    - ``+ - * / sqrt`` of numbers of the format in float32 are correctly rounded for formats of precision p <= 11 in
      nearest modes (2p + 2 <= 24), as long as no number involved is subnormal in float32; elsewhere they are rounded
      twice, by float32 and by `fmt`.  On a CPU, XLA takes subnormal numbers of float32 for zeros, in comparisons too.
    - Other functions are rounded twice too; float32's result is the one that XLA gives, within its error.
    - ``reduce_sum`` adds the second half of the terms (last axis summed fastest) to the first, what is over in the
      middle to nothing, and so on until one is left, in the dtype of `f`; then one rounding.
    - ``dot_general``, convolutions, cumulative and windowed sums, scatter-add, decompositions and solvers are rounded
      once at the end; the order and the roundings inside are XLA's, which promises none.  With `accumulate` those of
      ``dot_general`` are defined.

    jit and eager give the same bits for all but what the last point names: operations are kept apart, so that nothing
    is folded, contracted or held in excess precision.

    Raises
    ------
    UnsupportedInputError
        For a primitive with complex results; for an unknown name in `exclude`.
    ChopperError
        As `chopper.chop` under tracing.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> x = jnp.array([1.5, 2.5])
    >>> emulate(lambda x: x * x + 0.125, "e4m3")(x).tolist()  # 2.25, 6.25 -> 6, then 2.375 -> 2.5 to even, 6.125 -> 6
    [2.5, 6.0]
    >>> jax.jit(emulate(jax.grad(lambda x: jnp.sin(x).sum()), "bf16"))(x).tolist()
    [0.07080078125, -0.80078125]
    """
    policy = Policy(
        get(fmt),
        Rounding.parse(rounding).value,
        None if overflow is None else Overflow.parse(overflow).value,
        random_bits,
        check_names(exclude),
        bool(exact),
        accumulate,
    )
    drawn = Rounding.parse(rounding).random or Rounding.parse(getattr(accumulate, "rounding", "nearest_even")).random

    @wraps(f)
    def emulated(*arguments: Any, **named: Any) -> Any:
        base = key_words(key, traced(arguments, named)) if drawn else None
        body, shapes = jax.make_jaxpr(f, return_shape=True)(*arguments, **named)
        results = walk(policy, body, jax.tree.leaves((arguments, named)), base)
        return jax.tree.unflatten(jax.tree.structure(shapes), results)

    return emulated
