"""Operations on elements whose results are rounded once, from the exact result."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import torch

from chopper_ext.torch.emulation.rounder import Rounder

__all__ = ["ELEMENTWISE", "Handler"]

Handler = Callable[..., Any]
"""A function (rounder, arguments of the aten operation) -> result, or NotImplemented where it does not serve."""


def _kind(*operands: Any) -> torch.dtype:
    """Return the dtype that torch gives to the result of an operation on floats."""
    kind = operands[0]
    dtype = torch.result_type(kind, operands[1]) if len(operands) > 1 else kind.dtype
    for more in operands[2:]:
        dtype = torch.promote_types(dtype, torch.result_type(kind, more))
    return dtype


def _is_float(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point


def _operate(rounder: Rounder, name: str, *operands: Any) -> Any:
    dtype = _kind(*sorted(operands, key=lambda x: not isinstance(x, torch.Tensor)))
    if not _is_float(dtype) or any(isinstance(x, complex) for x in operands):
        return NotImplemented
    return rounder.apply(name, *operands, dtype=dtype)


def _unary(name: str) -> Handler:
    def handler(rounder: Rounder, x: torch.Tensor) -> Any:
        return rounder.apply(name, x, dtype=x.dtype) if _is_float(x.dtype) else NotImplemented

    return handler


def _binary(name: str) -> Handler:
    return lambda rounder, x, y: _operate(rounder, name, x, y)


def _add(rounder: Rounder, x: Any, y: Any, *, alpha: Any = 1) -> Any:
    return _operate(rounder, "add", x, y) if alpha == 1 else _operate(rounder, "fma", alpha, y, x)


def _sub(rounder: Rounder, x: Any, y: Any, *, alpha: Any = 1) -> Any:
    return _operate(rounder, "sub", x, y) if alpha == 1 else _operate(rounder, "fma", -alpha, y, x)


def _rsub(rounder: Rounder, x: Any, y: Any, alpha: Any = 1) -> Any:
    return _sub(rounder, y, x, alpha=alpha)


def _div(rounder: Rounder, x: Any, y: Any, *, rounding_mode: str | None = None) -> Any:
    if rounding_mode is not None:
        return NotImplemented
    dtype = torch.result_type(x, y)
    dtype = dtype if _is_float(dtype) or dtype.is_complex else torch.get_default_dtype()
    return NotImplemented if dtype.is_complex else rounder.apply("div", x, y, dtype=dtype)


def _reciprocal(rounder: Rounder, x: torch.Tensor) -> Any:
    return rounder.apply("div", 1.0, x, dtype=x.dtype) if _is_float(x.dtype) else NotImplemented


def _pow(rounder: Rounder, x: Any, n: Any) -> Any:
    dtype = torch.result_type(x, n)
    if not _is_float(dtype):
        return NotImplemented
    if isinstance(n, (int, float)) and n == 2:  # the same number, and much the quickest way
        return rounder.apply("mul", x, x, dtype=dtype)
    whole = isinstance(n, int) or (isinstance(n, float) and n.is_integer())
    if whole and abs(n) <= 1 << 30:
        return rounder.apply("power", x, int(n), dtype=dtype)
    return rounder.apply("pow", x, n, dtype=dtype)


def _addcmul(rounder: Rounder, x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    """Return x + value a b: two roundings, that of value a, if value is not 1, and that of the rest, fused."""
    scaled = a if value == 1 else _operate(rounder, "mul", a, value)
    return scaled if scaled is NotImplemented else _operate(rounder, "fma", scaled, b, x)


def _addcdiv(rounder: Rounder, x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    """Return x + value (a / b): two roundings, that of the quotient, and that of the rest, fused."""
    quotient = _div(rounder, a, b)
    return quotient if quotient is NotImplemented else _add(rounder, x, quotient, alpha=value)


def _lerp(rounder: Rounder, a: Any, b: Any, weight: Any) -> Any:
    """Return a + weight (b - a): two roundings, that of the difference, and that of the rest, fused."""
    difference = _operate(rounder, "sub", b, a)
    return difference if difference is NotImplemented else _operate(rounder, "fma", weight, difference, a)


def _gelu(rounder: Rounder, x: torch.Tensor, *, approximate: str = "none") -> Any:
    return rounder.apply("gelu", x, dtype=x.dtype) if approximate == "none" else NotImplemented


def _softplus(rounder: Rounder, x: torch.Tensor, beta: Any = 1, threshold: Any = 20) -> Any:
    if beta != 1:
        return NotImplemented
    large = x > threshold
    return torch.where(large, rounder.round(x), rounder.apply("softplus", x, dtype=x.dtype))


_SAME = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos",
         "atan", "sinh", "cosh", "tanh", "erf", "erfc", "sigmoid", "silu")  # fmt: skip

ELEMENTWISE = MappingProxyType(
    {
        **{name: _unary(name) for name in _SAME},
        "special_erfc": _unary("erfc"),
        "special_expm1": _unary("expm1"),
        "add": _add,
        "sub": _sub,
        "rsub": _rsub,
        "mul": _binary("mul"),
        "div": _div,
        "reciprocal": _reciprocal,
        "fmod": _binary("fmod"),
        "hypot": _binary("hypot"),
        "pow": _pow,
        "addcmul": _addcmul,
        "addcdiv": _addcdiv,
        "lerp": _lerp,
        "gelu": _gelu,
        "softplus": _softplus,
    }
)
"""By name of the aten operation, without overload and underscore."""
