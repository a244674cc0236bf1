"""Operations and matrix products on tensors: the core's own functions, on the memory of the host.

Tensors of other devices go to the host and back, but for matrix products, most of which Triton compiles for CUDA.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from chopper import ScaledArray
from chopper.errors import OutputError, UnsupportedInputError
from chopper_ext.torch.compiling import is_dual, is_transformed
from chopper_ext.torch.dtypes import codes_of, format_of, is_codes, result_dtype
from chopper_ext.torch.operators import perform_decoding
from chopper_ext.torch.outputs import check_out
from chopper_ext.torch.programs import uses_triton

__all__ = ["operate"]


def operate(function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Return a tensor of the bits that a function of the core gives for the same arrays in NumPy.

    It has the dtype that NumPy's result has, and lies where the operands lie.  Its gradients are those that torch's own
    operation has at the operands, in the dtype that torch computes in: straight through every rounding.

    Raises
    ------
    UnsupportedInputError
        For tensors of several devices, and where a derivative is due of a function that has none here.
    """
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    moves = is_transformed() or is_dual() or (torch.is_grad_enabled() and any(x.requires_grad for x in tensors))
    if not moves or function.__name__ == "compare":
        return _run(function, operands, keywords)
    if function.__name__ not in _PLAIN:
        raise UnsupportedInputError(
            f"{function.__name__} has no derivative here, nor transforms; detach() operands, or round torch's own "
            f"result with chopper.chop; those with one: {', '.join(_PLAIN)}"
        )
    if keywords.get("out") is not None:
        raise OutputError("out= cannot carry a derivative; leave it out, or detach() the operands")
    return _StraightThrough.apply(function, keywords, *operands)  # type: ignore[no-untyped-call]


def _product(a: Any, b: Any, c: Any = None) -> torch.Tensor:
    """Return what torch itself computes."""
    product = torch.matmul(a, b)
    return product if c is None else c + product


_PLAIN = MappingProxyType(
    {
        "matmul": _product,
        "dot": _product,
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "div": torch.div,
        "fma": lambda x, y, z: x * y + z,
        "sqrt": torch.sqrt,
    }
)


class _StraightThrough(torch.autograd.Function):
    """An operation whose gradients are those of torch's own."""

    @staticmethod
    def forward(function: Callable[..., Any], keywords: dict[str, Any], *operands: Any) -> Any:
        """Operate."""
        return _run(function, operands, keywords)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the operands."""
        function, _, *operands = inputs
        ctx.plain = _PLAIN[function.__name__]
        ctx.at = [i for i, x in enumerate(operands) if isinstance(x, torch.Tensor) and x.is_floating_point()]
        ctx.others = [None if i in ctx.at else x for i, x in enumerate(operands)]
        ctx.save_for_backward(*(operands[i] for i in ctx.at))

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """Return the gradients for the operands."""
        kept = ctx.saved_tensors
        kind = kept[0].dtype
        for x in kept[1:]:
            kind = torch.promote_types(kind, x.dtype)

        def plain(*tensors: torch.Tensor) -> torch.Tensor:
            operands = [x.decode(np.float64) if isinstance(x, ScaledArray) else x for x in ctx.others]
            operands = [torch.as_tensor(x) if isinstance(x, np.ndarray) else x for x in operands]
            for i, x in zip(ctx.at, tensors, strict=True):
                operands[i] = x
            alike = [x.to(kept[0].device, kind) if isinstance(x, torch.Tensor) else x for x in operands]
            result: torch.Tensor = ctx.plain(*alike)
            return result

        result, pull = torch.func.vjp(plain, *kept)[:2]
        found = dict(zip(ctx.at, pull(g.to(result.dtype)), strict=True))
        return None, None, *(found.get(i) for i in range(len(ctx.others)))

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Refuse."""
        raise UnsupportedInputError("operations do not run under vmap; pass the whole batch, whose axes broadcast")


def _run(function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    devices = {x.device for x in tensors if x.dim() or x.device.type != "cpu"} or {tensors[0].device}
    if len(devices) > 1:
        raise UnsupportedInputError(f"operands lie on {' and '.join(map(str, devices))}; move them to one device")
    found = _on_device(function, operands, keywords)
    if found is not None:
        return found
    device, out, words = devices.pop(), keywords.get("out"), keywords.get("random_words")
    if isinstance(words, torch.Tensor):
        keywords = {**keywords, "random_words": words.cpu().numpy().view(np.uint32)}
    arrays = [_array(x) if isinstance(x, torch.Tensor) else x for x in operands]
    if out is None:
        result = np.asarray(function(*arrays, **keywords))
        return torch.from_numpy(result if result.flags.writeable else result.copy()).to(device)
    check_out(out, tensors[0].to(device), getattr(out, "shape", ()), getattr(out, "dtype", torch.float32))
    if out.dtype == torch.bfloat16:
        raise OutputError(f"out has dtype {out.dtype}; pass float32 or float64, as the result has without out=")
    target = out.detach().cpu()
    function(*arrays, **{**keywords, "out": target.numpy()})
    if target.data_ptr() != out.data_ptr():
        out.detach().copy_(target)
    torch.autograd.graph.increment_version(out)
    return out


def _on_device(function: Callable[..., Any], operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Return a matrix product computed where its operands lie; None where the host has to do it."""
    by, out = keywords.get("accumulate"), keywords.get("out")
    first = next(x for x in operands if isinstance(x, torch.Tensor))
    if by is None or not uses_triton(first.device) or keywords["mode"] != "dequantized":
        return None
    from chopper.accumulate import Accumulator
    from chopper_ext.torch.sums import sum_on_device
    from chopper_ext.torch.units import product_on_device

    a, b, c = operands
    most = 2 if function.__name__ == "dot" else None
    if isinstance(by, Accumulator):
        result = sum_on_device(by, a, b, c, keywords["key"], most)
    else:
        result = product_on_device(by, a, b, c, most)
    if result is None or out is None:
        return result
    check_out(out, first, result.shape, result.dtype)
    return out.copy_(result)


def _array(x: torch.Tensor) -> np.ndarray[Any, Any]:
    """Return the numbers of a tensor as NumPy holds them, in the same memory where it can."""
    if x.layout is not torch.strided or x.is_nested:
        raise UnsupportedInputError(f"cannot operate on a tensor of layout {x.layout}; pass x.to_dense()")
    result_dtype(x.dtype)  # raises for dtypes that hold no real numbers
    x = x.detach().cpu()
    if is_codes(x.dtype):
        own = format_of(x.dtype)
        assert own is not None
        x = perform_decoding(codes_of(x), own, False)
    array: np.ndarray[Any, Any] = (x.float() if x.dtype == torch.bfloat16 else x.resolve_neg()).numpy()
    return array
