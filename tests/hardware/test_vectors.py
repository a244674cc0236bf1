"""Recorded vectors of real instructions, replayed: the models still give the bits that the hardware gave."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chopper import hardware
from chopper.errors import UnsupportedInputError
from chopper.verify.hardware import probes, replay
from tests.tally import Tally

SUBJECT = "recorded vectors of instructions"
DATA = Path(__file__).parent / "data"
FILES = sorted(DATA.glob("*.npz"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_replay(path: Path, tally: Tally) -> None:
    """Every result of a file is the model's."""
    unit, counts = replay(path)
    tally.note(sum(n for n, _ in counts.values()), unit, wrong=sum(wrong for _, wrong in counts.values()))
    assert {name: wrong for name, (_, wrong) in counts.items() if wrong} == {}


@pytest.mark.skipif(not FILES, reason="nothing is recorded yet")
def test_one_bit_is_seen(tmp_path: Path) -> None:
    """A recorded bit that is changed is found: the test can fail."""
    with np.load(FILES[0]) as held:
        arrays = dict(held)
    arrays["d"][0, 0, 0] ^= 1
    np.savez(tmp_path / "changed.npz", **arrays)
    assert sum(wrong for _, wrong in replay(tmp_path / "changed.npz")[1].values()) == 1


def test_what_is_called_measured_was() -> None:
    """A unit has evidence "measured" exactly if there are vectors of it; then there is a probe of it too."""
    recorded = set()
    for path in FILES:
        with np.load(path) as held:
            recorded.add(json.loads(str(held["about"]))["unit"])
    measured = {one.name for one in hardware.units() if one.evidence == "measured"}
    assert recorded == measured
    assert measured <= {probe.unit for probe in probes()}


def test_what_holds_no_vectors_is_refused(tmp_path: Path) -> None:
    """Other files are refused by name."""
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UnsupportedInputError, match=r"other\.npz holds no recorded vectors: about, b, c, d missing"):
        replay(tmp_path / "other.npz")
