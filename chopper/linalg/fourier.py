"""The fast Fourier transform, radix 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.linalg.machine import Rounded
from chopper.linalg.setting import Array, setting
from chopper.linalg.twiddles import twiddles
from chopper.rounding import Rounding

__all__ = ["fft", "ifft"]

_Complex = npt.NDArray[np.complex128]


def fft(
    x: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
) -> _Complex:
    """Transform the last axis: ``y[k] = sum x[j] exp(-2 pi i j k / n)``, every operation rounded.

    Real and imaginary parts of `x` are rounded to the format first, and their order is reversed by bits.  Then, for
    h = 1, 2, 4 ... n / 2, each pair ``(x[m], x[m + h])`` with ``m & h == 0`` becomes ``(x[m] + t, x[m] - t)``, where
    ``t = w x[m + h]``, ``w = exp(-2 pi i (m mod h) / (2 h))`` (decimation in time; Cooley, Tukey,
    DOI 10.1090/S0025-5718-1965-0178586-1).  The numbers w come from a table of cosines and sines, each rounded once, to
    nearest even in every mode.  A product of complex numbers is ``(a c - b d, a d + b c)``: four products rounded, then
    one difference and one sum; sums are rounded part by part.  Nothing is scaled.

    To nearest, without over- and underflow, the relative error in the 2-norm is at most ``q e / (1 - q e)``,
    q = log2 n, ``e = m + g (sqrt(2) + m)``, g = 4 u / (1 - 4 u), where m <= sqrt(2) u bounds the errors of the table
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 24.2, DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    x : array, shape (..., n)
        Real or complex numbers; n is a power of two.
    fmt, rounding, key, arithmetic
        See `chopper.linalg`.

    Returns
    -------
    array of complex128, of the shape of `x`

    Raises
    ------
    UnsupportedInputError
        If n is no power of two, or the dtype does not suit.

    Examples
    --------
    >>> fft([1.0, 2.0, 3.0, 4.0], "bf16").tolist()
    [(10+0j), (-2+2j), (-2+0j), (-2-2j)]
    """
    at = setting(fmt, rounding, key, arithmetic)
    re, im = _parts(x)
    re, im = _transform(at.fl, at.fl.round(re), at.fl.round(im), sign=-1.0)
    return _joined(re, im)


def ifft(
    x: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
) -> _Complex:
    """Transform the last axis back: ``y[k] = 1/n sum x[j] exp(+2 pi i j k / n)``, every operation rounded.

    As `fft`, with the other sign of all sines; after the last step every part is multiplied by ``1/n``, rounded to the
    format.

    Parameters, Returns, Raises
        As for `fft`.

    Examples
    --------
    >>> ifft(fft([1.0, 2.0, 3.0, 4.0], "bf16"), "bf16").real.tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    at = setting(fmt, rounding, key, arithmetic)
    re, im = _parts(x)
    re, im = _transform(at.fl, at.fl.round(re), at.fl.round(im), sign=1.0)
    share = at.fl.round(1.0 / re.shape[-1])
    return _joined(at.fl.mul(re, share), at.fl.mul(im, share))


def _transform(fl: Rounded, re: Array, im: Array, sign: float) -> tuple[Array, Array]:
    """Return both parts of the transform without the factor 1/n."""
    size = re.shape[-1]
    c, s = twiddles(fl.fmt, size)
    s = sign * s
    backwards = _reversed(size)
    re, im = re[..., backwards], im[..., backwards]
    half = 1
    while half < size:
        shape = (*re.shape[:-1], size // (2 * half), 2, half)
        re, im = re.reshape(shape), im.reshape(shape)
        w, v = c[:: size // (2 * half)], s[:: size // (2 * half)]
        a, b = re[..., 1, :], im[..., 1, :]
        t = fl.sub(fl.mul(w, a), fl.mul(v, b)), fl.add(fl.mul(w, b), fl.mul(v, a))
        top = re[..., 0, :], im[..., 0, :]
        re, im = (np.stack([fl.add(x, y), fl.sub(x, y)], axis=-2) for x, y in zip(top, t, strict=True))
        re, im = re.reshape(*shape[:-3], size), im.reshape(*shape[:-3], size)
        half *= 2
    return re, im


def _reversed(size: int) -> npt.NDArray[np.intp]:
    """Return 0 ... size - 1 with the bits of each number in reverse order."""
    order = np.zeros(1, np.intp)
    while len(order) < size:
        order = np.concatenate([2 * order, 2 * order + 1])
    return order


def _parts(x: Any) -> tuple[Array, Array]:
    given = np.asarray(x)
    size = given.shape[-1] if given.ndim else 0
    if size < 1 or size & (size - 1):
        raise UnsupportedInputError(
            f"the last axis of shape {given.shape} is no power of two long; append zeros, for example with numpy.pad"
        )
    if given.dtype.kind not in "fiubc" or given.dtype.itemsize > (16 if given.dtype.kind == "c" else 8):
        raise UnsupportedInputError(
            f"x has dtype {given.dtype}; pass real or complex numbers of at most 64 bits a part"
        )
    return given.real.astype(np.float64), given.imag.astype(np.float64)


def _joined(re: Array, im: Array) -> _Complex:
    result = np.empty(re.shape, np.complex128)
    result.real, result.imag = re, im
    return result
