"""The quick witnesses: what they judge, what they refuse, and that they can fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chopper import verify
from chopper.errors import UnsupportedInputError
from chopper.verify import values

UNSUITED = [
    (verify.table_check, ("posit8",), "values_check"),
    (verify.table_check, ("e8m0",), "signed floats"),
    (verify.table_check, ("ue4m3",), "signed floats"),
    (verify.table_check, ("float11",), "signed floats"),
    (verify.table_check, ("fp32",), "at most 16 bits"),
    (verify.values_check, ("posit64",), "at most 16 bits"),
    (verify.values_check, ("mxfp4",), "single numbers"),
    (verify.compiled_check, ("mxfp4", "up"), "single numbers"),
    (verify.proof_check, ("posit8", "up", 32), "IEEE 754"),
    (verify.proof_check, ("e4m3", "up", 32), "IEEE 754"),
    (verify.proof_check, ("e5m2", "to_odd", 32), "toward_zero"),
    (verify.proof_check, ("e5m2", "up", 16), "32, 64"),
]


@pytest.mark.parametrize(("check", "given", "text"), UNSUITED, ids=lambda x: getattr(x, "__name__", None))
def test_what_a_witness_cannot_judge_is_refused(check: Any, given: Any, text: str) -> None:
    """It is no mistake of the format, and no list of 2^32 values either."""
    with pytest.raises(UnsupportedInputError, match=text):
        check(*given)


@pytest.mark.parametrize("name", ["e2m1", "e3m0", "e2m3", "e8m0", "ue4m3"])
def test_floats_against_their_values(name: str) -> None:
    """Zeros of both signs are one value."""
    cases, wrong = verify.values_check(name)
    assert cases > 1000 and wrong == 0


def test_values_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another zero in the place of a number, and a number in that of another, are seen."""
    encode = values.encode
    for change in (lambda codes: codes * 0, lambda codes: codes ^ 1):
        monkeypatch.setattr(values, "encode", lambda *given, change=change: change(np.asarray(encode(*given))))
        assert values.values_check("e2m1")[1] > 100
