"""Operations and matrix products in graphs: one opaque operator; compilers know its shapes, dtypes and derivatives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

import chopper
from chopper import Accumulator
from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.hardware import unit
from chopper_ext.torch.compiling import constant
from chopper_ext.torch.operations import operate
from chopper_ext.torch.spelling import spell_format
from chopper_ext.torch.words import signed

__all__ = ["GRAPH", "operate_op"]

_PRODUCTS = ("matmul", "dot")
_MOVES = ("add", "sub", "mul", "div", "fma", "sqrt", *_PRODUCTS)
_GIVEN = ("random_bits", "mode")  # keywords that stay as they are
_WRAP = 1 << 64
_KINDS = {f"torch.{name}": name for name in ("float64", "float16", "int8", "int16", "int32", "int64", "uint8")}


@constant
def _spelled(
    name: str, numbers: tuple[Any, ...], moves: bool, plain: tuple[tuple[str, Any], ...], fmt: Any, rounding: Any,
    overflow: Any, accumulate: Any,
) -> str:  # fmt: skip
    """Return a call as text: the function, operands that are numbers, keywords."""
    if moves and name not in _MOVES:
        raise UnsupportedInputError(f"{name} has no derivative here; those with one: {', '.join(_MOVES)}")
    given = dict(plain)
    if overflow is not None:
        given["overflow"] = chopper.Overflow.parse(overflow).value
    if rounding is not None:
        given["rounding"] = chopper.Rounding.parse(rounding).value
    if fmt is not None:
        given["fmt"] = spell_format(chopper.get(fmt))
    if accumulate is not None:
        given["accumulate"] = _fields(accumulate) if isinstance(accumulate, Accumulator) else str(unit(accumulate))
    return json.dumps([name, numbers, given])


@constant
def _refuse(name: str) -> None:
    raise UnsupportedInputError(f"{name}= of operations is for plain tensors, not for graphs; leave it out")


def _fields(by: Accumulator) -> dict[str, Any]:
    return {name: value for name, value in vars(by).items() if value is not None}


@lru_cache(maxsize=1024)
def _called(text: str) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Return the function, the operands that are numbers, and the keywords of a text."""
    name, numbers, keywords = json.loads(text)
    if isinstance(keywords.get("accumulate"), dict):
        keywords["accumulate"] = Accumulator(**keywords["accumulate"])
    elif "accumulate" in keywords:
        keywords["accumulate"] = unit(keywords["accumulate"])
    function = getattr(chopper if name in _PRODUCTS else chopper.ops, name)
    return function, tuple(numbers), keywords


class _Graph:
    """What the core hands operations to while a compiler traces them."""

    def operate(self, function: Any, operands: Sequence[Any], keywords: dict[str, Any]) -> torch.Tensor:
        """Put the operator into the graph."""
        numbers = tuple([None if isinstance(x, torch.Tensor) else x for x in operands])
        tensors = [x if isinstance(x, torch.Tensor) else None for x in operands]
        moves = torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in tensors)
        for name in ("out", "random_words", "flags"):
            if keywords.get(name) is not None:
                _refuse(name)
        if keywords.get("offset", 0) != 0:
            _refuse("offset")
        plain = tuple([(name, keywords[name]) for name in _GIVEN if name in keywords])
        special = [keywords.get(name) for name in ("fmt", "rounding", "overflow", "accumulate")]
        text = _spelled(function.__name__, numbers, moves, plain, *special)
        key = keywords.get("key")
        if _draws(text) and (not isinstance(key, int) or key < 0):
            _complain()
        while len(tensors) < 3:
            tensors.append(None)
        number = key if isinstance(key, int) else 0
        result: torch.Tensor = operate_op(*tensors, text, signed(number))
        return result


GRAPH = _Graph()
"""The one of its kind."""


@constant
def _draws(text: str) -> bool:
    keywords = _called(text)[2]
    by = keywords.get("accumulate")
    rounding = getattr(by, "rounding", "nearest_even") if by is not None else keywords.get("rounding", "nearest_even")
    return chopper.Rounding.parse(rounding).random


@constant
def _complain() -> None:
    raise RandomKeyError("a stochastic mode needs a key in a graph, which would else repeat one draw; pass key= an int")


def _operands(text: str, tensors: Sequence[torch.Tensor | None]) -> list[Any]:
    numbers = _called(text)[1]
    return [number if x is None else x for number, x in zip(numbers, tensors, strict=False)]


def _run(a: torch.Tensor | None, b: torch.Tensor | None, c: torch.Tensor | None, text: str, key: int) -> torch.Tensor:
    function, _, keywords = _called(text)
    if function.__name__ in _PRODUCTS:
        keywords = {"key": key % _WRAP, "mode": "dequantized", **keywords}
    elif _draws(text):
        keywords = {"key": key % _WRAP, **keywords}
    with torch.no_grad():
        result: torch.Tensor = operate(function, _operands(text, (a, b, c)), keywords)
    return result.contiguous()


def _fake(a: torch.Tensor | None, b: torch.Tensor | None, c: torch.Tensor | None, text: str, key: int) -> torch.Tensor:
    function = _called(text)[0]
    tensors = [x for x in (a, b, c) if x is not None]
    if function.__name__ in _PRODUCTS:
        assert a is not None and b is not None
        shape = torch.matmul(*(x.new_empty(x.shape, dtype=torch.float32) for x in (a, b))).shape
    else:
        shape = torch.broadcast_shapes(*(x.shape for x in tensors))  # type: ignore[no-untyped-call]
    kinds = tuple(None if x is None else str(x.dtype) for x in (a, b, c))
    return tensors[0].new_empty(shape, dtype=_dtype(text, kinds))


@lru_cache(maxsize=1024)
def _dtype(text: str, kinds: tuple[str | None, ...]) -> torch.dtype:
    """Return the dtype of results, from that of a single one."""
    function, numbers, keywords = _called(text)
    size = (1, 1) if function.__name__ in _PRODUCTS else (1,)
    one = {kind: np.ones(size, _KINDS.get(kind or "", "float32")) for kind in kinds}
    operands = [number if kind is None else one[kind] for number, kind in zip(numbers, kinds, strict=False)]
    drawn = {"key": 0} if _draws(text) else {}
    return torch.float32 if np.asarray(function(*operands, **keywords, **drawn)).dtype == np.float32 else torch.float64


def _setup(ctx: Any, inputs: Any, output: Any) -> None:
    a, b, c, text, _ = inputs
    ctx.text = text
    ctx.save_for_backward(a, b, c)


def _backward(ctx: Any, g: torch.Tensor) -> Any:
    """Return the gradients of torch's own operation."""
    name = _called(ctx.text)[0].__name__
    tensors = ctx.saved_tensors
    a, b, c = (*(_operands(ctx.text, tensors)), None, None)[:3]
    found = _SLOPES[name](g, a, b, c)
    found = (*found, None, None)[:3]
    kept = [
        each.sum_to_size(x.shape).to(x.dtype) if x is not None and need and x.is_floating_point() else None
        for each, x, need in zip(found, tensors, ctx.needs_input_grad, strict=False)
    ]
    return (*kept, None, None)


def _product_slopes(g: torch.Tensor, a: torch.Tensor, b: torch.Tensor, c: Any) -> tuple[torch.Tensor, ...]:
    x, y = (side.to(g.dtype) for side in (a, b))
    left, right = (x if x.dim() > 1 else x[None]), (y if y.dim() > 1 else y[:, None])
    whole = g if a.dim() > 1 else g.unsqueeze(-1 if b.dim() == 1 else -2)
    whole = whole if b.dim() > 1 else whole.unsqueeze(-1)
    of_a, of_b = torch.matmul(whole, right.mT), torch.matmul(left.mT, whole)
    of_a = of_a.sum_to_size(left.shape).reshape(x.shape)
    of_b = of_b.sum_to_size(right.shape).reshape(y.shape)
    return of_a, of_b, g


_SLOPES: dict[str, Any] = {
    "add": lambda g, a, b, c: (g, g),
    "sub": lambda g, a, b, c: (g, -g),
    "mul": lambda g, a, b, c: (g * b, g * a),
    "div": lambda g, a, b, c: (g / b, -g * ((a / b) / b)),
    "fma": lambda g, a, b, c: (g * b, g * a, g),
    "sqrt": lambda g, a, b, c: (g / (2 * torch.sqrt(a)),),
    "matmul": _product_slopes,
    "dot": _product_slopes,
}

_library: Any = torch.library.Library("chopper", "FRAGMENT")  # type: ignore[no-untyped-call]
_library.define(
    "operate(Tensor? a, Tensor? b, Tensor? c, str call, SymInt key) -> Tensor", tags=(torch.Tag.pt2_compliant_tag,)
)
_library.impl("operate", _run, "CompositeExplicitAutograd")
torch.library.register_fake("chopper::operate", _fake, lib=_library)
torch.library.register_autograd("chopper::operate", _backward, setup_context=_setup, lib=_library)

operate_op: Any = torch.ops.chopper.operate.default
"""The operator."""
