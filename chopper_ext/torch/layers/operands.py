"""Operands and products as layers make them: at once, or by an operator in a graph.

What draws random words is named by a role; the key of a call leads to that of a role, see `chopper.recipes.key_of`.  In
a graph the key of a call is not known: there the layer's own key and the position of the call, a tensor, stand for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any, NamedTuple

import torch

import chopper
from chopper import conv, matmul
from chopper.random import Keys
from chopper.recipes import accumulator_of, key_of, quantize, rotated, signs_of
from chopper.recipes.accumulation import accumulation, is_random
from chopper_ext.torch.compiling import is_transformed
from chopper_ext.torch.dispatch import is_plain
from chopper_ext.torch.layers.spec import quant_of

__all__ = ["WATCH", "Call", "convolution", "noted", "operand", "prepared", "product", "signed", "without_autocast"]

_WRAP = 1 << 64


class Call(NamedTuple):
    """The key of one call of a layer, or the layer's own key and the position of the call in its stream."""

    key: int = 0
    position: torch.Tensor | None = None
    name: str = ""  # of the layer


WATCH: ContextVar[Callable[..., None] | None] = ContextVar("watch", default=None)
"""What is told of every operand in this context while `report` runs; see `chopper_ext.torch.layers.measures`."""


def operand(
    x: torch.Tensor, quant: str | None, axis: int, call: Call, role: str, other: int | None = None
) -> torch.Tensor:
    """Return a tensor rounded for a product whose contraction runs along an axis; see `chopper.recipes.quantize`."""
    if quant is None:
        return x
    if torch.compiler.is_compiling():
        return _operand_op(x, call.position, quant, axis, other, call.key, role)  # type: ignore[no-any-return]
    q = _operand(x, quant, axis, other, call.key, role)
    watch = WATCH.get()
    if watch is not None:
        watch(x, q, quant, axis, other, call, role)
    return q


def _operand(x: torch.Tensor, text: str, axis: int, other: int | None, key: int, role: str) -> torch.Tensor:
    quant = quant_of(text)
    drawn = key_of(key % _WRAP, role) if quant.random else None
    signs = signs_of(quant, _of_signs(key, role) if quant.signs == "random" else None)
    constant = partial(torch.as_tensor, device=x.device)
    rounded: torch.Tensor = quantize(
        x,
        quant,
        axis=axis,
        other=other,
        key=drawn,
        signs=signs,
        constant=constant,
        rotate=_rotated,
        round=chopper.chop,
    )
    return rounded


def _rotated(x: torch.Tensor, block: int, axis: int, signs: Any, constant: Any) -> torch.Tensor:
    """Rotate in the memory of the host by the core's own loop, where nothing watches."""
    if x.device.type == "cpu" and is_plain(x) and not (x.requires_grad and torch.is_grad_enabled()):
        return torch.from_numpy(rotated(x.detach().numpy(), block, axis, signs))
    made: torch.Tensor = rotated(x, block, axis, signs, constant)
    return made


def prepared(x: torch.Tensor, text: str, axis: int, key: int, role: str) -> torch.Tensor:
    """Return what of an operand is rounded: it with its gain, rotated."""
    quant = quant_of(text)
    signs = signs_of(quant, _of_signs(key, role) if quant.signs == "random" else None)
    made: torch.Tensor = quantize(x, quant, axis=axis, signs=signs, constant=torch.as_tensor, round=_left)
    return made


def _left(x: torch.Tensor, *args: Any, **keywords: Any) -> torch.Tensor:
    return x


def _of_signs(key: int, role: str) -> int:
    return key_of(key % _WRAP, f"{role.partition('.')[0]}.signs")


def product(
    a: torch.Tensor, b: torch.Tensor, c: torch.Tensor | None, accumulate: str, call: Call, role: str
) -> torch.Tensor:
    """Return ``c + a @ b`` by an accumulator or a unit of hardware; see `chopper.matmul`."""
    if torch.compiler.is_compiling():
        return _product_op(a, b, c, call.position, accumulate, call.key, role)  # type: ignore[no-any-return]
    if is_transformed():
        return _Product.apply(a, b, c, accumulate, call.key, role)  # type: ignore[no-any-return, no-untyped-call]
    return _product(a, b, c, accumulate, call.key, role)


def _product(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor | None, text: str, key: int, role: str) -> torch.Tensor:
    made: torch.Tensor = matmul(a, b, c, accumulate=_accumulator(text), key=_drawn(text, key, role))
    return made.to(a.dtype)


@lru_cache(maxsize=256)
def _accumulator(text: str) -> Any:
    return accumulator_of(accumulation(text))


def _drawn(text: str, key: int, role: str) -> int | None:
    return key_of(key % _WRAP, role) if is_random(accumulation(text)) else None


class _Product(torch.autograd.Function):
    """A product inside a transform, with the derivatives of torch's own."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor | None, text: str, key: int, role: str) -> Any:
        """Multiply."""
        return _product_op(a, b, c, None, text, signed(key), role)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the operands."""
        ctx.save_for_backward(inputs[0], inputs[1])
        ctx.like_c = None if inputs[2] is None else inputs[2].shape

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradients."""
        a, b = ctx.saved_tensors
        of_c = None if ctx.like_c is None else g.sum_to_size(ctx.like_c)
        return g @ b.mT, a.mT @ g, of_c, None, None, None


def convolution(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    steps: tuple[Sequence[int], Sequence[int], Sequence[int], int],
    accumulate: str,
    call: Call,
    role: str,
) -> torch.Tensor:
    """Return a convolution by an accumulator; see `chopper.conv`.  `steps`: stride, padding, dilation, groups."""
    stride, padding, dilation, groups = steps
    arguments = (list(stride), list(padding), list(dilation), groups, accumulate)
    if torch.compiler.is_compiling():
        return _conv_op(x, weight, bias, call.position, *arguments, call.key, role)  # type: ignore[no-any-return]
    return _conv_op(x, weight, bias, None, *arguments, signed(call.key), role)  # type: ignore[no-any-return]


def _convolved(x: Any, weight: Any, bias: Any, steps: Any, text: str, key: int, role: str) -> torch.Tensor:
    stride, padding, dilation, groups = steps
    arrays = [None if t is None else t.detach().cpu().numpy() for t in (x, weight, bias)]
    made = conv(
        *arrays,
        stride=tuple(stride),
        padding=tuple(padding),
        dilation=tuple(dilation),
        groups=groups,
        accumulate=_accumulator(text),
        key=_drawn(text, key, role),
    )
    return torch.from_numpy(made).to(x.device, x.dtype)


def without_autocast(x: torch.Tensor) -> Any:
    """Switch off what would narrow the operands of torch's own products."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()


# --- operators of graphs -------------------------------------------------------------------------------------------


def _key(key: int, position: torch.Tensor | None) -> int:
    key %= _WRAP
    return key if position is None else Keys(key).at(int(position))


def signed(key: int) -> int:
    """Return a key as the operators take it."""
    return key - (key >> 63 << 64)


def _run_operand(x: Any, position: Any, quant: str, axis: int, other: Any, key: int, role: str) -> torch.Tensor:
    return _operand(x.detach(), quant, axis, other, _key(key, position), role).contiguous()


def _fake_operand(x: Any, position: Any, quant: str, axis: int, other: Any, key: int, role: str) -> torch.Tensor:
    return x.new_empty(x.shape)  # type: ignore[no-any-return]


def _run_product(a: Any, b: Any, c: Any, position: Any, accumulate: str, key: int, role: str) -> torch.Tensor:
    a, b, c = a.detach(), b.detach(), None if c is None else c.detach()
    return _product(a, b, c, accumulate, _key(key, position), role).contiguous()


def _fake_product(a: Any, b: Any, c: Any, position: Any, accumulate: str, key: int, role: str) -> torch.Tensor:
    lead = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # type: ignore[no-untyped-call]
    return a.new_empty((*lead, a.shape[-2], b.shape[-1]))  # type: ignore[no-any-return]


def _vmap_product(info: Any, in_dims: Any, a: Any, b: Any, c: Any, *rest: Any) -> tuple[torch.Tensor, int]:
    a, b = (_in_front(x, at, info.batch_size) for x, at in zip((a, b), in_dims, strict=False))
    if c is not None and in_dims[2] is not None:
        c = c.movedim(in_dims[2], 0)
        c = c.reshape(c.shape[0], *(1,) * (a.ndim - c.ndim), *c.shape[1:])
    return _product_op(a, b, c, *rest), 0


def _in_front(x: torch.Tensor, at: int | None, size: int) -> torch.Tensor:
    return x.expand(size, *x.shape) if at is None else x.movedim(at, 0)


def _run_conv(
    x: Any, weight: Any, bias: Any, position: Any, stride: Any, padding: Any, dilation: Any, groups: int,
    accumulate: str, key: int, role: str,
) -> torch.Tensor:  # fmt: skip
    return _convolved(x, weight, bias, (stride, padding, dilation, groups), accumulate, _key(key, position), role)


def _fake_conv(
    x: Any, weight: Any, bias: Any, position: Any, stride: Any, padding: Any, dilation: Any, groups: int,
    accumulate: str, key: int, role: str,
) -> torch.Tensor:  # fmt: skip
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    room = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes]
    return x.new_empty((x.shape[0], weight.shape[0], *room))  # type: ignore[no-any-return]


def _vmap_conv(info: Any, in_dims: Any, x: Any, weight: Any, bias: Any, *rest: Any) -> tuple[torch.Tensor, int]:
    parts = [_in_front(x, in_dims[0], info.batch_size), _in_front(weight, in_dims[1], info.batch_size)]
    biases = None if bias is None else _in_front(bias, in_dims[2], info.batch_size)
    made = [
        _conv_op(parts[0][i], parts[1][i], None if biases is None else biases[i], *rest) for i in range(info.batch_size)
    ]
    return torch.stack(made), 0


def _run_noted(position: Any) -> torch.Tensor:
    return position.clone()  # type: ignore[no-any-return]


def _fake_noted(position: Any) -> torch.Tensor:
    return position.new_empty(position.shape)  # type: ignore[no-any-return]


def noted(position: torch.Tensor) -> torch.Tensor:
    """Return a copy of a position, which compilers do not take away though the original is counted on."""
    return _noted_op(position)  # type: ignore[no-any-return]


_library: Any = torch.library.Library("chopper", "FRAGMENT")  # type: ignore[no-untyped-call]
_CONV = "int[] stride, int[] padding, int[] dilation, int groups, str accumulate, SymInt key, str role"
for _name, _arguments, _functions in (
    ("noted", "Tensor position", (_run_noted, _fake_noted)),
    (
        "operand",
        "Tensor x, Tensor? position, str quant, int axis, int? other, SymInt key, str role",
        (_run_operand, _fake_operand),
    ),
    (
        "product",
        "Tensor a, Tensor b, Tensor? c, Tensor? position, str accumulate, SymInt key, str role",
        (_run_product, _fake_product, _vmap_product),
    ),
    (
        "conv",
        f"Tensor x, Tensor weight, Tensor? bias, Tensor? position, {_CONV}",
        (_run_conv, _fake_conv, _vmap_conv),
    ),
):
    _library.define(f"{_name}({_arguments}) -> Tensor", tags=(torch.Tag.pt2_compliant_tag,))
    _library.impl(_name, _functions[0], "CompositeExplicitAutograd")
    torch.library.register_fake(f"chopper::{_name}", _functions[1], lib=_library)
    if len(_functions) > 2:
        torch.library.register_vmap(f"chopper::{_name}", _functions[2], lib=_library)

_noted_op: Any = torch.ops.chopper.noted.default
_operand_op: Any = torch.ops.chopper.operand.default
_product_op: Any = torch.ops.chopper.product.default
_conv_op: Any = torch.ops.chopper.conv.default
