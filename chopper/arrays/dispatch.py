"""NumPy's protocol of elementwise functions (NEP 13): calls, reductions, accumulations, outer products, updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.arrays import products
from chopper.arrays.elementwise import Rule, rule_for
from chopper.arrays.folding import METHODS, no_more, operand_of
from chopper.arrays.promotion import Holder, common, enter, is_plain
from chopper.arrays.results import store, wrapped
from chopper.engine.run import words_of
from chopper.errors import UnsupportedInputError
from chopper.random import as_key

__all__ = ["call_ufunc"]

_Array = npt.NDArray[Any]


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Run a method of a ufunc on operands of which at least one is a ChopArray, or the output is."""
    out = options.pop("out", None) or (None,)
    if not all(isinstance(one, Holder) or is_plain(one) for one in inputs):
        return NotImplemented
    target = [one for one in out if isinstance(one, Holder)]
    arithmetic = common(target or inputs)
    if ufunc.signature is not None:
        return _product(ufunc, method, arithmetic, inputs, out, options)
    if method == "__call__" and ufunc.nout > 1:
        return _pair(ufunc, arithmetic, inputs, out, options)
    rule = rule_for(ufunc)
    if method != "__call__":
        return METHODS[method](ufunc, rule, arithmetic, inputs, out[0], options)
    where = options.pop("where", True)
    no_more(ufunc, options)
    operands = [operand_of(rule, i, one, arithmetic) for i, one in enumerate(inputs)]
    if where is not True:
        return _call_where(rule, arithmetic, operands, where, out[0], inputs)
    result = rule.run(arithmetic, *operands)
    if rule.choice and target:
        result = arithmetic.round(result)
    if rule.answer:
        return result if out[0] is None else store(result, out[0])
    values = arithmetic.settle(result)
    if out[0] is not None:
        return store(values, out[0])
    return wrapped(values, arithmetic, inputs)


def _call_where(rule: Rule, arithmetic: Arithmetic, operands: list[_Array], where: Any, out: Any, inputs: Any) -> Any:
    """Compute the elements that a mask selects, with the random words that they have in the whole result."""
    mask = np.asarray(where)
    shape = np.broadcast_shapes(mask.shape, *(one.shape for one in operands))
    mask = np.broadcast_to(mask, shape)
    chosen = [np.broadcast_to(one, shape)[mask] for one in operands]
    part = _with_words(rule, arithmetic, chosen, mask)
    if out is None and rule.answer:
        result = np.zeros(shape, np.asarray(part).dtype)
        result[mask] = part
        return result
    place = None if out is None else out._values if isinstance(out, Holder) else out
    if place is None:
        place = products.zeros(arithmetic, shape)
    whole = np.array(np.broadcast_to(place, shape))
    whole[mask] = part if rule.answer else arithmetic.settle(part)
    return store(whole, out) if out is not None else wrapped(whole, arithmetic, inputs)


def _with_words(rule: Rule, arithmetic: Arithmetic, chosen: list[_Array], mask: _Array) -> Any:
    if arithmetic.keys is None or rule.answer:
        return rule.run(arithmetic, *chosen)
    key = as_key(arithmetic.keys.at(arithmetic.keys.position))
    words = words_of(key, 0, mask.size).reshape(mask.shape)[mask]
    return rule.run(_Given(arithmetic, words), *chosen)


class _Given:
    """An arithmetic whose one call takes given random words, and draws the key all the same."""

    def __init__(self, arithmetic: Arithmetic, words: _Array) -> None:
        self._arithmetic, self._words = arithmetic, words

    def apply(self, name: str, *operands: Any) -> Any:
        return self._arithmetic.apply(name, *operands, random_words=self._words)

    def round(self, x: Any) -> Any:
        return self._arithmetic.round(x, random_words=self._words)


def _product(
    ufunc: np.ufunc,
    method: str,
    arithmetic: Arithmetic,
    inputs: tuple[Any, ...],
    out: tuple[Any, ...],
    options: dict[str, Any],
) -> Any:
    """Run matmul and its relatives."""
    if method != "__call__" or ufunc.__name__ not in ("matmul", "vecdot", "matvec", "vecmat"):
        raise UnsupportedInputError(f"numpy.{ufunc.__name__}.{method} does not take a ChopArray; there is numpy.matmul")
    no_more(ufunc, options)
    x, y = (enter(one, arithmetic) for one in inputs)
    name = ufunc.__name__
    if name in ("vecdot", "vecmat"):
        x = x[..., None, :]
    if name in ("vecdot", "matvec"):
        y = y[..., :, None]
    values = products.matmul(arithmetic, x, y)
    if name in ("vecdot", "vecmat"):
        values = values[..., 0, :]
    if name in ("vecdot", "matvec"):
        values = values[..., 0]
    return store(values, out[0]) if out[0] is not None else wrapped(values, arithmetic, inputs)


def _pair(
    ufunc: np.ufunc, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Run the functions with two exact results: modf and frexp."""
    no_more(ufunc, options)
    if ufunc.__name__ not in ("modf", "frexp"):
        raise UnsupportedInputError(
            f"numpy.{ufunc.__name__} has no correctly rounded operation on a ChopArray; there "
            "are numpy.modf, numpy.frexp and numpy.remainder"
        )
    first, second = ufunc(enter(inputs[0], arithmetic))
    results: list[Any] = [first, second]
    for i, (one, place) in enumerate(zip(results, (*out, None), strict=False)):
        rounded = arithmetic.settle(arithmetic.round(one)) if one.dtype.kind == "f" else one
        if place is not None:
            results[i] = store(rounded, place)
        else:
            results[i] = wrapped(rounded, arithmetic, inputs) if one.dtype.kind == "f" else one
    return tuple(results)
