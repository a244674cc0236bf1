"""What is easily mistyped gets an error that tells the cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import chopper
from chopper.analysis import compare, sweep
from chopper.cli import app
from chopper.errors import nearest_names

X = np.array([0.1, 1.3, 300.0])

SLIPS: tuple[tuple[Callable[[], object], str], ...] = (
    (lambda: chopper.chop(X, "fp8"), "several formats have 8 bits: 'e4m3' or 'e5m2'"),
    (lambda: chopper.chop(X, "float4"), "several formats have 4 bits: 'e2m1'"),
    (lambda: chopper.chop(X, np.float16), "pass its name: 'float16'"),
    (lambda: chopper.chop(X, np.dtype("float32")), "pass its name: 'float32'"),
    (lambda: chopper.chop("e4m3", X), "numbers first"),
    (lambda: chopper.chop(X, "e4m3", 1), "1 nearest_even, 4 toward_zero, 2 up"),
    (lambda: chopper.chop(X, "e4m3", "stochastic_rounding"), "did you mean 'stochastic'?"),
    (lambda: chopper.chop(X, "e4m3", overflow="sat"), "did you mean 'saturate'?"),
    (lambda: chopper.chop(X, "e4m3", overflow="inf"), "did you mean 'infinity'?"),
    (lambda: chopper.chop(X, "e4m3", "stochastic", key=np.random), "a numpy.random.Generator"),
    (lambda: chopper.hardware.unit("h100"), "nearest: 'h100."),
    (lambda: chopper.recipes.preset("e4m3"), "it is a format, for Recipe(weight='e4m3', input='e4m3')"),
    (lambda: np.linalg.solve(chopper.array(np.eye(2), "bf16"), np.ones(2)), "there is chopper.linalg.solve("),
    (lambda: np.fft.fft(chopper.array(X, "bf16")), "there is chopper.linalg.fft("),
)


@pytest.mark.parametrize(("slip", "cure"), SLIPS)
def test_the_cure_is_named(slip: Callable[[], object], cure: str) -> None:
    with pytest.raises(chopper.ChopperError) as error:
        slip()
    assert cure in str(error.value)


def test_nearest_names_begin_alike() -> None:
    """What begins alike comes before what looks alike; two letters are too few."""
    assert nearest_names("h100", ["a100", "h100.mma", "h100.b"]) == "'h100.b', 'h100.mma', 'a100'"
    assert nearest_names("in", ["infinity"]) == ""


def test_one_format_needs_no_list() -> None:
    """Neither does one mode."""
    assert compare(X, "e4m3") == compare(X, ["e4m3"])
    named, listed = (
        list(sweep(lambda r: float(r(0.3)), one, two)) for one, two in (("e4m3", "up"), (["e4m3"], ["up"]))
    )
    assert named == listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "h100"), "chopper units h100"),
        (("units", "h900"), "devices: v100, turing"),
        (("compare", "there/is/none.npy"), f"there is no file '{Path('there/is/none.npy')}'"),
    ],
)
def test_the_command_names_the_cure(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2 and said in result.output
