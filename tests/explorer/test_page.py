"""The data of the page, the page as a file, and the command, without a browser."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chopper
from chopper import explorer
from chopper.errors import RoundingError, UnsupportedInputError
from chopper.explorer.page import SCRIPTS
from chopper.formats.base import Format, Value
from chopper.formats.registry import rows

NAMES = tuple(row.name for row in rows())
MOST = 3_000_000
"""Bytes of the page with all formats."""

LINES = 300
"""Of a script."""


def data_of(page: str) -> dict[str, Any]:
    """Return the data that is put into a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize("name", NAMES)
def test_descriptions(name: str) -> None:
    """Every named format is described by JSON-able values alone, with its width and special codes."""
    fmt = chopper.get(name)
    found = explorer.describe(fmt)
    assert json.loads(json.dumps(found)) == found or fmt.family in ("codebook", "hif8", "scaled")
    assert (found["name"], found["bits"], found["family"]) == (name, fmt.bits, fmt.family)
    assert found["layout"] and found["source"] and found["special"]
    for _, code in found["special"]:
        assert 0 <= int(code, 16) < 1 << fmt.bits


def test_written_out_values_are_exact() -> None:
    """A format that is a list has the very values of its codes."""
    for name in ("nf4", "dynamic8", "hif8", "fp4_bnb", "binary"):
        fmt = chopper.get(name)
        for code, value in enumerate(explorer.describe(fmt)["model"]["values"]):
            exact = fmt.value(code)
            assert Fraction(value) == exact if isinstance(exact, Fraction) else value in ("nan", "infinity")


class Thirds(Format):
    """A family that the page has never heard of."""

    family = "thirds"

    def __init__(self, bits: int, unit: Fraction = Fraction(1, 4)) -> None:
        self._bits, self._unit = bits, unit

    bits = property(lambda self: self._bits)
    min = property(lambda self: Fraction(0))
    smallest = property(lambda self: self._unit)
    max = property(lambda self: self._unit * ((1 << self._bits) - 1))
    eps = None

    def value(self, code: int) -> Value:
        """Return a multiple of the unit."""
        return self._unit * code

    def __str__(self) -> str:
        return f"thirds{self._bits}"


def test_families_of_others() -> None:
    """They are written out; those too wide, or whose values are no floats, are refused with a reason."""
    found = explorer.describe(Thirds(3))["model"]
    assert found["family"] == "list" and found["values"] == [code / 4 for code in range(8)]
    with pytest.raises(UnsupportedInputError, match="16 bits are too many to write out"):
        explorer.describe(Thirds(16))
    with pytest.raises(UnsupportedInputError, match="float64 does not hold"):
        explorer.describe(Thirds(3, Fraction(1, 3)))


def test_study() -> None:
    """Counts are those of the data, and what JSON cannot say is text."""
    x = np.array([0.0, 1.0, -1.5, 1e9, 1e-9, np.nan, np.inf, 0.3])
    found = explorer.study(x, ["e4m3", "bf16", "nvfp4_2d", "e2m1"], "x")
    json.dumps(found, allow_nan=False)
    assert (found["count"], found["left_out"], found["zeros"]) == (6, 2, 1)
    assert sum(found["binades"]["counts"]) == 5
    one = found["formats"]["e4m3"]
    assert (one["overflow"], one["underflow"]) == (1, 1)
    assert sum(one["histogram"]["counts"]) == round((1 - one["exact"]) * 6)
    exact = explorer.study([1.0, 2.0], ["e4m3"])["formats"]["e4m3"]
    assert (exact["sqnr_db"], exact["histogram"]) == ("inf", {"first": 0, "counts": []})


def test_study_of_shared_scales() -> None:
    """The numbers are taken as one row, as `chopper compare` takes them; what that makes impossible is said."""
    x = np.random.default_rng(0).standard_normal((8, 32))
    found = explorer.study(x, ["mxfp4", "flex16_5"])["formats"]
    errors = chopper.analysis.errors(x.reshape(-1), "mxfp4")
    assert found["mxfp4"]["sqnr_db"] == errors.sqnr_db
    assert "scale=" in found["flex16_5"]["refused"]


def test_the_page_is_one_file() -> None:
    """It holds all formats, names no address, and is small."""
    page = explorer.page()
    assert len(page.encode()) < MOST
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.replace("\\u003c", "<"))
    assert not re.search(r"(?:src|href)=[\"'](?!data:,|#)", page)
    assert "default-src 'none'" in page
    data = data_of(page)
    assert {one["name"] for one in data["formats"]} == set(NAMES)
    assert data["left_out"] == {}


def test_texts_cannot_leave_their_place() -> None:
    """Names of files end neither the data nor the page."""
    study = explorer.study([1.0], ["e4m3"], "</script><b>&\u2028")
    page = explorer.page(["e4m3"], study, only=True)
    assert page.count("</script>") == 2
    assert data_of(page)["study"]["name"] == "</script><b>&\u2028"


def test_names_of_files_are_no_marks() -> None:
    """What a name says is not taken for the place of a part of the page."""
    for name in ("/*scripts*/", '"the data"', "/*style*/"):
        page = explorer.page("e4m3", explorer.study([1.0], "e4m3", name), only=True)
        assert data_of(page)["study"]["name"] == name
        assert page.count('"use strict";') == 1


def test_one_format() -> None:
    """A name or a format alone is no list of letters."""
    for one in ("e4m3", chopper.get("e4m3")):
        assert data_of(explorer.page(one, only=True))["chosen"] == ["e4m3"]
        assert list(explorer.study([1.0], one)["formats"]) == ["e4m3"]
        assert explorer.describe(one)["name"] == "e4m3"


def test_what_a_study_refuses() -> None:
    """A mode that does not exist, before anything is rounded; masked and ragged data."""
    with pytest.raises(RoundingError, match="sideways"):
        explorer.study([1.0], "e4m3", rounding="sideways")
    for wrong in (np.ma.masked_array([1.0, 2.0], [True, False]), [[1], [1, 2]]):
        with pytest.raises(UnsupportedInputError):
            explorer.study(wrong, "e4m3")
    asked = []
    explorer.study([1.0], (asked.append(fmt) or fmt for fmt in ("e4m3", "fp16")))
    assert asked == ["e4m3", "fp16"]


def test_choices() -> None:
    """One to eight formats; a page of them only; spellings of the grammar."""
    data = data_of(explorer.page(["e5m9", "posit<10,1>", "E5M9"], only=True))
    assert data["chosen"] == ["e5m9", "posit<10,1>"] == [one["name"] for one in data["formats"]]
    for wrong in ([], [f"e4m{k}" for k in range(1, 10)]):
        with pytest.raises(UnsupportedInputError, match="legal: 1 to 8"):
            explorer.page(wrong)


def test_scripts() -> None:
    """All of them are in the page, each small and begun by saying what it is."""
    folder = files("chopper.explorer") / "assets"
    found = {f"{part.name}/{one.name}" for part in folder.iterdir() if part.is_dir() for one in part.iterdir()}
    assert found == set(SCRIPTS) and len(SCRIPTS) == len(found)
    for name in SCRIPTS:
        text = folder.joinpath(*name.split("/")).read_text("utf-8")
        assert text.startswith("// ") and text.count("\n") < LINES
        assert not re.search(r"\b(eval|fetch|innerHTML|localStorage|XMLHttpRequest|import)\b", text)


def test_command(tmp_path: Path) -> None:
    """It writes the page, with data of the user's own or without."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from chopper.cli import app

    np.save(tmp_path / "x.npy", np.array([[0.1, 3.0]]))
    out = tmp_path / "page.html"
    options = [str(tmp_path / "x.npy"), "--fmt", "e4m3,fixed<4,4>", "--only", "--out", str(out)]
    result = CliRunner(env={"COLUMNS": "40", "TERM": "dumb"}).invoke(app, ["explore", *options])
    assert result.exit_code == 0, result.output
    data = data_of(out.read_text("utf-8"))
    assert data["study"]["name"] == "x.npy" and data["study"]["shape"] == [1, 2]
    assert list(data["study"]["formats"]) == ["e4m3", "fixed<4,4>"] == data["chosen"]
    refused = CliRunner().invoke(app, ["explore", "--fmt", "nonsense", "--out", str(out)])
    assert refused.exit_code == 2
