"""Reading arrays of numbers from files, and where figures may go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.errors import ChopperError, RangeError, UnsupportedInputError

__all__ = ["check_figure", "read_numbers"]

_FIGURES = (".png", ".pdf", ".svg")


def read_numbers(path: str | Path, name: str | None = None) -> npt.NDArray[Any]:
    """Read an array from a ``.npy``, ``.npz``, ``.csv`` or ``.txt`` file; text may start with one line of titles.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str, optional
        Which array of an ``.npz`` file; may be left out where there is one only.

    Raises
    ------
    UnsupportedInputError, RangeError
        If the file holds no such array; RangeError if the name is not in it.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    try:
        if kind == ".npy":
            found: npt.NDArray[Any] = np.load(path, allow_pickle=False)
        elif kind == ".npz":
            found = _member(path, name)
        elif kind in (".csv", ".txt"):
            found = _text(path, "," if kind == ".csv" else None)
        else:
            raise UnsupportedInputError(f"cannot read {path.name!r}; legal: .npy, .npz, .csv, .txt")
    except (ValueError, EOFError) as error:
        if isinstance(error, ChopperError):
            raise
        raise UnsupportedInputError(f"{path.name!r} is no table of numbers: {str(error).splitlines()[0]}") from None
    return found


def _member(path: Path, name: str | None) -> npt.NDArray[Any]:
    with np.load(path, allow_pickle=False) as archive:
        names = list(archive)
        chosen = names[0] if name is None and len(names) == 1 else name
        if chosen not in names:
            raise RangeError(f"{path.name!r} holds the arrays {', '.join(names)}; name one of them, not {name!r}")
        found: npt.NDArray[Any] = archive[chosen]
        return found


def _text(path: Path, delimiter: str | None) -> npt.NDArray[Any]:
    try:
        return np.loadtxt(path, delimiter=delimiter, ndmin=1)
    except ValueError:
        return np.loadtxt(path, delimiter=delimiter, ndmin=1, skiprows=1)


def check_figure(path: str | Path) -> None:
    """Complain early where a figure cannot be written.

    Raises
    ------
    UnsupportedInputError
        If the name does not end as a figure's does, or the folder does not exist.

    Examples
    --------
    >>> check_figure("figure.gif")
    Traceback (most recent call last):
    chopper.errors.UnsupportedInputError: cannot draw to 'figure.gif'; legal: .png, .pdf, .svg
    """
    path = Path(path)
    if path.suffix.lower() not in _FIGURES:
        raise UnsupportedInputError(f"cannot draw to {path.name!r}; legal: {', '.join(_FIGURES)}")
    if not path.parent.is_dir():
        raise UnsupportedInputError(f"cannot draw to {str(path)!r}: there is no such folder")
