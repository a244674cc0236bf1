"""Running the other tools on the rows of data: ``python -m tests.peers.reproducers`` prints what each gives here.

A tool that is not installed, or in another version, is named as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from tests.peers.defects import DEFECTS, Defect

__all__ = ["installed", "reproduce"]

_CHOP = re.compile(r"Chop\((\d+),(\d+)(?:,(\d))?\)")
_PACKAGES = {"Pychop": "pychop", "gfloat": "gfloat", "ml_dtypes": "ml_dtypes", "torch": "torch"}
_GFLOAT_FORMATS = {"e8m0": "format_info_ocp_e8m0"}


def _pychop(row: Defect) -> Any:
    found = _CHOP.match(row.call)
    if found is None:
        return None
    import pychop

    pychop.backend("numpy", 0)
    exponent, significand, mode = found.groups()
    chop = pychop.Chop(exp_bits=int(exponent), sig_bits=int(significand), rmode=int(mode or 1), verbose=0)
    return chop(np.array(row.x, row.dtype))


def _gfloat(row: Defect) -> Any:
    from gfloat import Domain, RoundMode, Signedness, formats, round_float

    p3109 = re.match(r"k(\d)p(\d)(ue)?", row.call)
    if p3109:
        signed = Signedness.Unsigned if p3109[3] else Signedness.Signed
        info = formats.format_info_p3109(int(p3109[1]), int(p3109[2]), signed, Domain.Extended)
    else:
        info = formats.format_info_ocp_e8m0
    mode = RoundMode.TiesToAway if row.rounding == "nearest_away" else RoundMode.TiesToEven
    return [round_float(info, x, mode, sat=", saturating" in row.call) for x in row.x]


def _ml_dtypes(row: Defect) -> Any:
    import ml_dtypes

    name = re.match(r"\w+", row.call)
    assert name is not None
    x = np.array(row.x, row.dtype)
    with np.errstate(all="ignore"):
        return x.astype(getattr(ml_dtypes, name[0])).astype(np.float64)


def _torch(row: Defect) -> Any:
    import torch

    name = re.match(r"\w+", row.call)
    assert name is not None
    return torch.tensor(row.x, dtype=getattr(torch, row.dtype)).to(getattr(torch, name[0])).double().numpy()


_RUNNERS: dict[str, Callable[[Defect], Any]] = {
    "Pychop": _pychop, "gfloat": _gfloat, "ml_dtypes": _ml_dtypes, "torch": _torch,
}  # fmt: skip


def installed(row: Defect) -> str:
    """Return the version of a row's tool that is installed here, or an empty text."""
    try:
        return version(_PACKAGES[row.tool.split()[0]]).split("+")[0]
    except (KeyError, PackageNotFoundError):
        return ""


def reproduce(row: Defect) -> list[float] | None:
    """Return what the tool gives here; None where it is not installed, or the row names no call that can be made."""
    if not installed(row):
        return None
    found = _RUNNERS[row.tool.split()[0]](row)
    return None if found is None else [float(x) for x in found]


def main() -> None:
    """Print one line for each row."""
    for row in DEFECTS:
        now = reproduce(row)
        given = "not run here" if now is None else f"{installed(row)} gives {now}"
        print(f"{row.tool}: {row.call}: gave {row.theirs}; right is {row.right}; {given}")


if __name__ == "__main__":
    main()
