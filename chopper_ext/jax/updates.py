"""Optimizers of optax that round: weights as they are updated, and what an optimizer remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from chopper import chop, finfo
from chopper.errors import PolicyError, RandomKeyError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.recipes import Quant, quantize
from chopper_ext.jax.exactness import settled
from chopper_ext.jax.streams import nth
from chopper_ext.jax.words import key_words

__all__ = ["RoundedState", "UpdateState", "chop_state", "chop_updates"]

_UPDATES = ("plain", "stochastic", "kahan")


class UpdateState(NamedTuple):
    """What `chop_updates` remembers: a tree, to be saved and loaded with the rest."""

    count: Any
    """Steps done."""
    correction: Any
    """For "kahan", of each weight what its update lacked so far, in the format; else None."""


class RoundedState(NamedTuple):
    """What `chop_state` remembers."""

    count: Any
    """Steps done."""
    inner: Any
    """The state of the optimizer, rounded."""


def chop_updates(fmt: str | Format, update: str = "plain", *, key: Any = None, overflow: Any = None) -> Any:
    """Return a transformation of optax, the last of a chain, by which weights stay numbers of a format.

    With w a weight, u its update and R the rounding to `fmt`, to nearest even, the weight after
    ``optax.apply_updates(params, updates)`` is

    ========== =========================================================================================
    plain      R(w + u)
    stochastic the same, rounded at random
    kahan      s where y = R(R(u) - c); s = R(w + y); and then c = R(R(s - w) - y), which is 0 at first
    ========== =========================================================================================

    Sums and differences are float32's, or those of the dtype of the weights, before they are rounded.

    Parameters
    ----------
    fmt : str or Format
        Of single numbers, of at most 11 bits of precision for weights in float32, 26 in float64.
    update : str
        "plain", "stochastic" or "kahan": Zamirai et al., "Revisiting BFloat16 Training", arXiv:2010.06192.
    key : JAX key or int
        For "stochastic": weight i in the order of ``jax.tree.leaves`` has in step n, both from 0 on, the key
        ``Keys(Keys(key).at(n)).at(i)`` of `chopper.random.Keys`.
    overflow : str, Overflow or None
        As for `chopper.chop`.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        It needs ``params`` in ``update``, which are numbers of the format: round them once at the start.  It returns
        the difference of new and old weight, such that the sum of optax is the new weight bit for bit, but that a zero
        is +0, as long as the old weight is finite and no number is subnormal in the dtype.  (With precision p of the
        format and t of the dtype, 2 p < t: where the difference is not exact, it errs by less than half an ulp of the
        new weight.)  Nothing is contracted: jit changes no bit.  The state is an `UpdateState`; a run that is resumed
        with it goes on with the same bits.

    Raises
    ------
    PolicyError
        For another `update`, or a format that shares scales; in ``init`` for a format of too many bits.
    RandomKeyError
        For "stochastic" without a key.
    UnsupportedInputError
        In ``update``, without params.

    Examples
    --------
    >>> import jax.numpy as jnp, optax
    >>> step = optax.chain(optax.sgd(0.25), chop_updates("bf16", "kahan"))
    >>> w = jnp.array([256.0])
    >>> state = step.init(w)
    >>> for _ in range(4):  # 256 - 0.25 is 256 in bf16
    ...     updates, state = step.update(jnp.array([1.0]), state, w)
    ...     w = optax.apply_updates(w, updates)
    >>> w.tolist()
    [255.0]
    """
    import optax

    found = get(fmt)
    if found.blocked or update not in _UPDATES:
        raise PolicyError(
            f"fmt={fmt!r}, update={update!r} is not legal; legal: a format of single numbers, and "
            f"{', '.join(map(repr, _UPDATES))}"
        )
    base = _base(key, "update='stochastic'" if update == "stochastic" else None)

    def init(params: Any) -> UpdateState:
        _check_precision(found, params)
        return UpdateState(jnp.int32(0), jax.tree.map(jnp.zeros_like, params) if update == "kahan" else None)

    def rounded(x: Any, key: Any = None) -> Any:
        return chop(x, found, "nearest_even" if key is None else "stochastic", key=key, overflow=overflow)

    def change(updates: Any, state: UpdateState, params: Any = None, **_: Any) -> tuple[Any, UpdateState]:
        if params is None:
            raise UnsupportedInputError("chop_updates needs the weights: call update(updates, state, params)")
        key = nth(base, state.count)
        leaves, tree = _flat(params)
        changes = [settled(u).astype(w.dtype) for u, w in zip(tree.flatten_up_to(updates), leaves, strict=True)]
        count = state.count + 1
        if update == "kahan":
            corrections = tree.flatten_up_to(state.correction)
            pairs = [_kahan(rounded, w, u, c) for w, u, c in zip(leaves, changes, corrections, strict=True)]
            moved, kept = ([pair[i] for pair in pairs] for i in (0, 1))
            return tree.unflatten(moved), UpdateState(count, tree.unflatten(kept))
        moved = [rounded(w + u, nth(key, i)) - w for i, (w, u) in enumerate(zip(leaves, changes, strict=True))]
        return tree.unflatten(moved), UpdateState(count, None)

    return optax.GradientTransformationExtraArgs(init, change)


def _check_precision(fmt: Format, params: Any) -> None:
    of_dtype: Any = jnp.finfo
    for dtype in {jnp.result_type(one) for one in jax.tree.leaves(params)}:
        if not jnp.issubdtype(dtype, jnp.floating) or 2 * finfo(fmt).precision > of_dtype(dtype).nmant:
            raise PolicyError(
                f"{fmt} is too precise for sums in {dtype} to give each of its numbers; legal: weights of a floating "
                f"dtype with more than {2 * finfo(fmt).precision} bits, as those that x.astype(jax.numpy.float64) has"
            )


def _kahan(rounded: Any, w: Any, u: Any, c: Any) -> tuple[Any, Any]:
    """Return the difference that optax adds, and what it lacks."""
    y = rounded(rounded(u) - c)
    s = rounded(w + y)
    return s - w, rounded(rounded(s - w) - y)


def chop_state(
    optimizer: Any, quants: Mapping[str, Quant | str | Format] | Quant | str | Format, *, key: Any = None
) -> Any:
    """Return an optimizer of optax whose state is rounded after each step.

    Parameters
    ----------
    optimizer : optax.GradientTransformation
    quants : mapping, Quant, str or Format
        What to round by, for each name of a field of the states of optax, such as ``{"mu": "bf16", "nu":
        "e5m2:stochastic"}``; or for every array of floating-point numbers with at least one axis.  Blocks of formats
        with shared scales lie along the last axis.
    key : JAX key or int
        For quants that draw.  Arrays that are rounded count from 0 on in the order of ``jax.tree.leaves``; array i has
        in step n the key ``Keys(Keys(key).at(n)).at(i)`` of `chopper.random.Keys`.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its updates are those of `optimizer` on the rounded state, which a `RoundedState` holds.  What optax computes is
        JAX's own, which jit may contract; only the rounding is exact.

    Raises
    ------
    PolicyError
        If a quant is not legal; in ``init``, if no state has a field of a name.
    RandomKeyError
        Without a key where one is needed.

    Examples
    --------
    >>> import jax.numpy as jnp, optax
    >>> adam = chop_state(optax.adam(0.1), {"mu": "bf16", "nu": "e5m2"})
    >>> w = jnp.array([1.0])
    >>> _, state = adam.update(jnp.array([0.3]), adam.init(w), w)
    >>> state.inner[0].mu.tolist(), state.inner[0].nu.tolist()
    ([0.030029296875], [9.1552734375e-05])
    """
    import optax

    inner = optax.with_extra_args_support(optimizer)
    named = {name: _quant(one) for name, one in quants.items()} if isinstance(quants, Mapping) else _quant(quants)
    drawing = [one for one in (named.values() if isinstance(named, dict) else [named]) if one.random]
    base = _base(key, str(drawing[0]) if drawing else None)

    def init(params: Any) -> RoundedState:
        state = inner.init(params)
        _check_fields(state, named)
        return RoundedState(jnp.int32(0), _rounded(state, named, nth(base, 0)))

    def change(updates: Any, state: RoundedState, params: Any = None, **extra: Any) -> tuple[Any, RoundedState]:
        updates, made = inner.update(updates, state.inner, params, **extra)
        return updates, RoundedState(state.count + 1, _rounded(made, named, nth(base, state.count)))

    return optax.GradientTransformationExtraArgs(init, change)


def _flat(given: Any, how: Any = jax.tree.flatten) -> tuple[Any, Any]:
    leaves, tree = how(given)
    return leaves, tree


def _quant(given: Any) -> Quant:
    quant = Quant.of(given)
    if quant is None or not quant.bare:
        raise PolicyError(f"{given!r} does not suit a state; legal: a Quant without hadamard=, gain= and ste=")
    return quant


def _base(key: Any, drawing: str | None) -> Any:
    """Return the base of a stream as two words; None where nothing draws."""
    if drawing is None:
        return None
    if key is None:
        raise RandomKeyError(f"{drawing} draws random words; pass a JAX key or an int as key=")
    return jnp.asarray(key_words(key, False))


def _rounded(state: Any, quants: dict[str, Quant] | Quant, key: Any) -> Any:
    """Return a state with its arrays rounded."""
    paths, tree = _flat(state, jax.tree_util.tree_flatten_with_path)
    leaves, count = [], 0
    for path, leaf in paths:
        quant = _of(path, leaf, quants)
        if quant is not None:
            leaf = quantize(leaf, quant, key=nth(key, count) if quant.random else None)
            count += 1
        leaves.append(leaf)
    return tree.unflatten(leaves)


def _of(path: Any, leaf: Any, quants: dict[str, Quant] | Quant) -> Quant | None:
    """Return what rounds an array: the quant of the innermost field around it that has one."""
    if not hasattr(leaf, "dtype") or not jnp.issubdtype(leaf.dtype, jnp.floating):
        return None
    if isinstance(quants, Quant):
        return quants if leaf.ndim else None
    names = [one.name for one in path if isinstance(one, jax.tree_util.GetAttrKey) and one.name in quants]
    return quants[names[-1]] if names else None


def _check_fields(state: Any, quants: dict[str, Quant] | Quant) -> None:
    if isinstance(quants, Quant):
        return
    paths, _ = jax.tree_util.tree_flatten_with_path(state)
    found = {one.name for path, _ in paths for one in path if isinstance(one, jax.tree_util.GetAttrKey)}
    for name in quants:
        if name not in found:
            legal = ", ".join(map(repr, sorted(found))) or "none: it remembers nothing"
            raise PolicyError(f"no state of this optimizer has a field {name!r}; it has {legal}")
