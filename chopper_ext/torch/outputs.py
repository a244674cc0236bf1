"""What may come in and go out besides values: random words and ``out``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from chopper.errors import OutputError, RandomKeyError

__all__ = ["as_words", "check_out", "may_overwrite"]


def as_words(words: Any, shape: Sequence[int], device: torch.device) -> torch.Tensor:
    """Return given random words as int32 on the device of the input.

    Raises
    ------
    RandomKeyError
        If they are no uint32 or int32 of the shape of the input.
    """
    found = words if isinstance(words, torch.Tensor) else torch.as_tensor(words)
    if found.dtype not in (torch.uint32, torch.int32) or tuple(found.shape) != tuple(shape):
        raise RandomKeyError(
            f"random_words has dtype {found.dtype} and shape {tuple(found.shape)}; pass uint32 (or int32, read as the "
            f"same bits) of the input's shape {tuple(shape)}"
        )
    return found.detach().view(torch.int32).to(device)


def check_out(out: Any, x: torch.Tensor, shape: Sequence[int], dtype: torch.dtype) -> None:
    """Check that a result of this shape and dtype can be written to `out`.

    Raises
    ------
    OutputError
        If it is no tensor, of another shape, dtype or device, repeats its elements, or requires a gradient.
    """
    wanted = f"a tensor of dtype {dtype} and shape {tuple(shape)} on {x.device}"
    if not isinstance(out, torch.Tensor):
        raise OutputError(f"out is a {type(out).__name__}; pass {wanted}")
    if tuple(out.shape) != tuple(shape) or out.dtype != dtype or out.device != x.device:
        raise OutputError(f"out has dtype {out.dtype} and shape {tuple(out.shape)} on {out.device}; pass {wanted}")
    if out.requires_grad and torch.is_grad_enabled():
        raise OutputError("out requires a gradient; pass a tensor that does not, or call under torch.no_grad()")
    if any(stride == 0 and size > 1 for stride, size in zip(out.stride(), out.shape, strict=True)):
        raise OutputError("several elements of out share memory, as expand() makes them; pass a tensor of its own")


def may_overwrite(out: torch.Tensor, x: torch.Tensor, *others: torch.Tensor | None) -> bool:
    """Whether results can be written to `out` while elements of `x`, in order, and of others are still to be read."""
    memory = out.untyped_storage().data_ptr()
    apart = all(other is None or other.untyped_storage().data_ptr() != memory for other in others)
    in_place = out.data_ptr() == x.data_ptr() and out.dtype.itemsize == x.dtype.itemsize
    return out.is_contiguous() and apart and (in_place or x.untyped_storage().data_ptr() != memory)
