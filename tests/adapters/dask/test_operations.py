"""Operations do not take Dask arrays: they say so, and do not compute them unasked."""

from __future__ import annotations

import numpy as np
import pytest

da = pytest.importorskip("dask.array")

from chopper import matmul, ops  # noqa: E402
from chopper.errors import UnsupportedInputError  # noqa: E402


def test_refused():
    x = da.ones((4, 4), chunks=2)
    for call in (lambda: ops.add(x, 1, "bf16"), lambda: ops.exp(x, "bf16"), lambda: matmul(x, np.ones((4, 4)))):
        with pytest.raises(UnsupportedInputError, match=r"numpy\.asarray"):
            call()
