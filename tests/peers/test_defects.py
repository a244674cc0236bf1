"""What other tools get wrong, chopper gets right: one test for each row of data, and what does not fit into a row."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import chopper
from tests.oracle import round_codes
from tests.peers.defects import DEFECTS
from tests.peers.reproducers import installed, reproduce

SUBJECT = "inputs that other tools get wrong"


@pytest.mark.parametrize("row", DEFECTS, ids=lambda row: f"{row.tool}: {row.call}")
def test_right(row, tally):
    x = np.array(row.x, row.dtype)
    right = np.array(row.right, "float64" if row.dtype == "int64" else row.dtype)
    fmt = chopper.get(row.fmt)
    tally.same(chopper.chop(x, fmt, row.rounding, **row.options), right, x, fmt=fmt, mode=row.rounding, about=row.call)
    if "compat" not in row.options:
        words = row.options.get("random_words")
        policy = row.options.get("overflow")
        codes = round_codes(fmt, x.astype(np.float64), row.rounding, words, overflow=policy)
        got = chopper.encode(x, fmt, row.rounding, **row.options)
        tally.same(got, codes.astype(got.dtype), x, fmt=fmt, mode=row.rounding, about=row.call)


HERE = [row for row in DEFECTS if installed(row) == row.tool.split()[1]]


@pytest.mark.parametrize("row", HERE, ids=lambda row: f"{row.tool}: {row.call}")
def test_reproduced(row):
    """A tool that is here in the version named gives what is said of it."""
    found = reproduce(row)
    assert found is None or str(found) == str([float(x) for x in row.theirs])


def test_the_data_show_differences():
    """But for a row where a tool is right about ties, theirs is never what is right."""
    same = [row.call for row in DEFECTS if str(row.theirs) == str(row.right)]
    assert same == ["E8M0, ties: 0.75, 1.5, 3, 6"]


def test_host_subnormals_in_directed_modes():
    """Pychop's port of chop gives NaN, its jax backend loses them."""
    tiny = np.array([5e-324, -5e-324, 2.2e-308, -2.2e-308])
    assert chopper.chop(tiny, "fp16", "up").tolist() == [2.0**-24, -0.0, 2.0**-24, -0.0]
    assert chopper.chop(tiny, "fp16", "down").tolist() == [0.0, -(2.0**-24), 0.0, -(2.0**-24)]
    small = np.array([1e-45, -1e-40], np.float32)
    assert chopper.chop(small, "bf16", "away_from_zero").tolist() == [2.0**-133, -(2.0**-132)]


def test_nans_of_every_payload():
    """CPFloat makes infinity of 0x7ff0000000000001 and -0.0 of 0x7fffffffffffffff."""
    patterns = np.array([0x7FF0000000000001, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0xFFF0000000000001], np.uint64)
    x = patterns.view(np.float64)
    for mode in chopper.Rounding:
        words = {"random_words": np.full(4, 0xFFFFFFFF, np.uint32)} if mode.random else {}
        for name in ("bf16", "fp16", "e4m3", "e5m2", "fp32"):
            assert np.isnan(chopper.chop(x, name, mode, **words)).all()


def test_stochastic_probabilities_of_tiny_values():
    """Pychop, float32, fp16, x = 2e-12: 5.98e-5 instead of 3.36e-5; CPFloat built without PCG: 0.000 instead of 0.9."""
    x = np.float32(2e-12)
    turn = (1 << 32) - (Fraction(float(x)) * (1 << 24) * (1 << 32)).__floor__()
    assert ((1 << 32) - turn) / 2**32 == pytest.approx(3.3554e-5, rel=1e-4)
    for word, want in ((turn - 1, 0.0), (turn, 2.0**-24)):
        assert chopper.chop(x, "fp16", "stochastic", random_words=np.array(word, np.uint32)) == want


def test_float16_input_to_bfloat16():
    """gfloat computes in float16: 65504 becomes inf.  It is 65536, which float16 does not hold."""
    x = np.array([65504.0], np.float16)
    assert chopper.encode(x, "bf16").tolist() == [0x4780]
    assert chopper.chop(x.astype(np.float32), "bf16").tolist() == [65536.0]
    with pytest.raises(chopper.RangeError, match="widen"):
        chopper.chop(x, "bf16")


def test_layout_does_not_change_nan_codes():
    """torch: 0xffff in the vector loop, 0x7fc0 in the strided one."""
    x = np.full(100, np.nan, np.float32)
    assert set(chopper.encode(x, "bf16").tolist()) == {0x7FC0}
    assert set(chopper.encode(np.full((50, 4), np.nan, np.float32)[:, ::2], "bf16").ravel().tolist()) == {0x7FC0}


def test_stochastic_rounding_is_the_same_in_parts_and_threads():
    """Pychop: a split array differs from the whole, and one seed gives three streams; CPFloat: threads differ."""
    x = np.random.default_rng(0).standard_normal((1 << 20) + 1)
    whole = chopper.chop(x, "e4m3", "stochastic", key=5, threads=1)
    assert np.array_equal(whole, chopper.chop(x, "e4m3", "stochastic", key=5, threads=2))
    parts = [chopper.chop(x[i : i + 300_000], "e4m3", "stochastic", key=5, offset=i) for i in range(0, x.size, 300_000)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_the_global_generator_is_left_alone():
    """Pychop reseeds it."""
    state = np.random.get_state()[1].tolist()
    chopper.chop(np.ones(3), "e4m3", "stochastic")
    chopper.chop(np.ones(3), "e4m3", "stochastic", key=1)
    assert np.random.get_state()[1].tolist() == state


def test_modes_that_do_not_exist_are_refused():
    """Pychop accepts rmode=99, and exponent widths of 0 and -1."""
    for mode in (99, 1, None, "99", "nearset_even", True, ["up"]):
        with pytest.raises(chopper.RoundingError):
            chopper.chop(1.0, "e4m3", mode)
    for fields in ({"exponent_bits": 0, "precision": 4}, {"exponent_bits": -1, "precision": 4}):
        with pytest.raises(chopper.FormatError):
            chopper.FloatFormat(**fields)


def test_what_is_just_below_a_tie():
    """CPFloat's fma(7, 37, -2^-100) in bf16 is 260: float64 has lost the rest.  Where it is kept, 258 is right."""
    assert chopper.chop(float(np.nextafter(259.0, 0)), "bf16") == 258.0
    assert chopper.chop(259.0, "bf16") == 260.0


def test_nothing_is_printed_nor_read_from_the_environment():
    """Pychop keeps its backend in an environment variable."""
    code = (
        "import os; before = dict(os.environ); import chopper; chopper.chop(1.0, 'e4m3'); assert os.environ == before"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
