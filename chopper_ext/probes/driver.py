"""PTX text into kernels: the CUDA driver through ctypes, beside torch, whose tensors and context it uses."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
import torch

from chopper.errors import UnsupportedInputError

__all__ = ["Kernel", "absent", "capability", "device", "empty", "from_tensor", "to_tensor"]

_LIBRARIES = ("libcuda.so.1", "nvcuda.dll")
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def absent() -> str | None:
    """Return why no CUDA device can be used, or None."""
    if not torch.cuda.is_available():
        return "there is no CUDA device"
    return None if _library() is not None else "the CUDA driver's library cannot be loaded"


def capability() -> tuple[int, int]:
    """Return the compute capability of the current device, such as (9, 0)."""
    major, minor = torch.cuda.get_device_capability()
    return int(major), int(minor)


def device() -> str:
    """Return what the current device calls itself."""
    return f"{torch.cuda.get_device_name()}, compute capability {'.'.join(map(str, capability()))}"


@cache
def _library() -> Any:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


class Kernel:
    """One entry point named ``k`` of a PTX text, compiled by the driver for the current device.

    Parameters
    ----------
    ptx : str
        The text; its entry takes pointers.
    threads : int
        Of one block.

    Raises
    ------
    UnsupportedInputError
        If the driver refuses the text or the launch; the message holds the driver's number of the error.
    """

    def __init__(self, ptx: str, threads: int) -> None:
        torch.zeros(1, device="cuda")  # makes the context that the driver's calls need
        self._threads = threads
        self._module, self._entry = ctypes.c_void_p(), ctypes.c_void_p()
        _checked("cuModuleLoadData", ctypes.byref(self._module), ptx.encode() + b"\0")
        _checked("cuModuleGetFunction", ctypes.byref(self._entry), self._module, b"k")

    def __call__(self, blocks: int, *tensors: Any) -> None:
        """Launch `blocks` blocks on torch's current stream with the addresses of the tensors, and wait."""
        addresses = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
        pointers = [ctypes.cast(ctypes.pointer(address), ctypes.c_void_p) for address in addresses]
        arguments = (ctypes.c_void_p * len(pointers))(*pointers)
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        grid = (blocks, 1, 1, self._threads, 1, 1, 0)
        _checked("cuLaunchKernel", self._entry, *grid, stream, arguments, None)
        torch.cuda.synchronize()


def _checked(call: str, *arguments: Any) -> None:
    failed = getattr(_library(), call)(*arguments)
    if failed:
        raise UnsupportedInputError(f"{call} failed: CUDA driver error {failed}")


def empty(shape: tuple[int, ...], size: int) -> Any:
    """Return a tensor of the device for codes of `size` bytes, filled with zeros."""
    return torch.zeros(shape, dtype=getattr(torch, f"int{8 * size}"), device="cuda")


def to_tensor(codes: Any) -> Any:
    """Copy codes to the device; integers keep their bits and become signed, which torch has in every width."""
    codes = np.ascontiguousarray(codes)
    return torch.from_numpy(codes.view(_SIGNED[codes.dtype.itemsize])).cuda()


def from_tensor(tensor: Any, dtype: Any) -> Any:
    """Copy a tensor of the device to an array of codes of `dtype`, bit by bit."""
    width = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    return tensor.contiguous().view(width).cpu().numpy().view(dtype)
