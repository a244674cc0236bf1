"""The three products of a layer with weights: y = x W^T, and the gradients g W and g^T x."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from chopper.errors import UnsupportedInputError
from chopper_ext.torch.compiling import is_transformed
from chopper_ext.torch.layers.operands import Call, operand, product, without_autocast
from chopper_ext.torch.layers.spec import Product, Spec, number

__all__ = ["check_graph", "finished", "masked", "multiply", "three_products"]


def three_products(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: Spec, call: Call
) -> torch.Tensor:
    """Return ``x @ weight.mT + bias`` by the products of a recipe, gradients included.

    Parameters
    ----------
    x : Tensor
        (M, K), or (..., M, K) with the leading axes of `weight`.
    weight : Tensor
        (N, K), or (..., N, K).
    bias : Tensor, optional
        (N,).
    """
    check_graph()
    return _Products.apply(x, weight, bias, spec, *call)  # type: ignore[no-any-return, no-untyped-call]


def check_graph() -> None:
    """Refuse where compilers drop the derivative of a Function without an error.

    Raises
    ------
    UnsupportedInputError
        In a graph of a transform of `torch.func`.
    """
    if torch.compiler.is_compiling() and is_transformed():
        raise UnsupportedInputError(
            "layers of a recipe cannot be compiled inside a transform of torch.func: their gradients would be lost; "
            "compile the model and call backward, or run torch.func.grad without torch.compile"
        )


def multiply(
    a: torch.Tensor, b: torch.Tensor, by: Product, sides: tuple[int, int], call: Call, gemm: str
) -> torch.Tensor:
    """Return a product ``a @ b`` of operands that are rounded first, each along its own contraction axis; unfinished.

    `sides` are these axes of the operands as they lie before transposition, which is up to the sign: (-1, -2) for
    ``a @ b``, (-2, -2) for ``a.mT @ b``, (-1, -1) for ``a @ b.mT``.
    """
    left = operand(a, by.lhs, sides[0], call, f"{gemm}.lhs")
    right = operand(b, by.rhs, sides[1], call, f"{gemm}.rhs")
    left = left.mT if sides[0] == -2 else left
    right = right.mT if sides[1] == -1 else right
    if by.accumulate is None:
        return torch.matmul(left, right)
    return product(left, right, None, by.accumulate, call, f"{gemm}.accumulate")


def finished(y: torch.Tensor, by: Product, call: Call, gemm: str, axis: int = -1) -> torch.Tensor:
    """Return a product with the gains of its operands undone, rounded as a result."""
    if by.gain is not None:
        y = y * number(by.gain)
    return operand(y, by.out, axis, call, f"{gemm}.out", None if axis == -1 else 0)


def masked(g: torch.Tensor, x: torch.Tensor, passes: tuple[str, str] | None) -> torch.Tensor:
    """Return what of a gradient passes the rounding of an operand."""
    if passes is None:
        return g
    return torch.where((x >= number(passes[0])) & (x <= number(passes[1])), g, torch.zeros_like(g))


def _forward(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: Spec, call: Call) -> torch.Tensor:
    by = spec.forward
    added = None if bias is None else operand(bias, spec.bias, -1, call, "bias")
    if added is None or by.gain is not None or weight.dim() > 2:
        y = multiply(x, weight, by, (-1, -1), call, "forward")
        if by.gain is not None:
            y = y * number(by.gain)
        y = y if added is None else y + added
    else:
        left = operand(x, by.lhs, -1, call, "forward.lhs")
        right = operand(weight, by.rhs, -1, call, "forward.rhs")
        if by.accumulate is None:
            y = functional.linear(left, right, added)
        else:
            y = product(left, right.mT, added, by.accumulate, call, "forward.accumulate")
    return operand(y, by.out, -1, call, "forward.out")


class _Products(torch.autograd.Function):
    """Three products, each of operands rounded from full precision."""

    generate_vmap_rule = True

    @staticmethod
    def forward(  # no *args: compilers would count them wrongly
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        spec: Spec,
        key: int,
        position: torch.Tensor | None,
        name: str,
    ) -> torch.Tensor:
        """Multiply."""
        with without_autocast(x):
            return _forward(x, weight, bias, spec, Call(key, position, name))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the operands, in full precision."""
        x, weight, bias, spec, key, position, name = inputs
        ctx.save_for_backward(x, weight, position)
        ctx.spec, ctx.key, ctx.name, ctx.has_bias = spec, key, name, bias is not None

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradients."""
        x, weight, position = ctx.saved_tensors
        spec, call = ctx.spec, Call(ctx.key, position, ctx.name)
        of_x = of_weight = of_bias = None
        with without_autocast(g):
            if ctx.needs_input_grad[0]:
                made = multiply(g, weight, spec.dgrad, (-1, -2), call, "dgrad")
                of_x = masked(finished(made, spec.dgrad, call, "dgrad"), x, spec.input_passes)
            if ctx.needs_input_grad[1]:
                made = multiply(g, x, spec.wgrad, (-2, -2), call, "wgrad")
                of_weight = masked(finished(made, spec.wgrad, call, "wgrad"), weight, spec.weight_passes)
            if ctx.has_bias and ctx.needs_input_grad[2]:
                of_bias = g.sum(0)
        return of_x, of_weight, of_bias, None, None, None, None
