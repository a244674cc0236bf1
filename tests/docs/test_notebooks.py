"""The notebooks run, and show what they print."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PORTABLE = {"harmonic", "posit_dot"}
"""Those that print the same on every machine: no product of matrices by the machine's own library goes in."""

SHORTER: dict[str, tuple[tuple[str, str], ...]] = {
    "accumulators": (("steps=40", "steps=8"),),
    "embeddings": (
        ("for fmt in FORMATS:", "for fmt in FORMATS[::5]:"),
        ("[::2]", "[::16]"),
        ("lambda: model(ids)", "lambda: model(ids[:4])"),
    ),
    "method_bfloat16": (("steps=100", "steps=25"), ("steps=280", "steps=60")),
    "method_fp4": (("draws, errors = 128", "draws, errors = 16"), ("steps=100", "steps=15")),
    "method_integers": (("steps=150", "steps=25"), ("steps=200", "steps=25")),
    "method_lns_madam": (("steps=120", "steps=15"),),
    "methods_memory": (("steps=30", "steps=5"),),
    "methods_rotation": (("steps=200", "steps=30"),),
    "methods_rounding": (("steps=200", "steps=30"),),
    "training": (
        ("STEPS, SEEDS, PLAIN_SEEDS = 60, 2, 5", "STEPS, SEEDS, PLAIN_SEEDS = 6, 1, 2"),
        ("first_steps(name, 5)", "first_steps(name, 1)"),
    ),
}
"""What is run a smaller number of times where only is asked whether the cells run; `make notebooks` runs all of it."""


def code(path: Path) -> list[dict[str, Any]]:
    """Return the cells of code of a notebook."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def shown(cell: dict[str, Any]) -> str:
    """Return what a cell has printed when the notebook was made."""
    return "".join("".join(one["text"]) for one in cell["outputs"] if one["output_type"] == "stream")


def shortened(name: str, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cells of a notebook with fewer steps; that there are those steps is checked."""
    sources = ["".join(cell["source"]) for cell in cells]
    for long, short in SHORTER.get(name, ()):
        assert any(long in source for source in sources), f"{name} has no {long!r} any more"
        sources = [source.replace(long, short) for source in sources]
    return [{**cell, "source": [source]} for cell, source in zip(cells, sources, strict=True)]


def run(cells: list[dict[str, Any]]) -> list[str]:
    """Run cells in one namespace, and return what each prints."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for number, cell in enumerate(cells):
        with contextlib.redirect_stdout(io.StringIO()) as text:
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
        printed.append(text.getvalue())
    return printed


@pytest.fixture(autouse=True)
def figures_without_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw into memory, and close each figure where a notebook shows it."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_run(path: Path) -> None:
    """Every cell runs, with fewer steps of training; what the notebook shows is what it prints."""
    check(path, shortened(path.stem, code(path)))


@pytest.mark.notebooks
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem in SHORTER], ids=lambda path: path.stem)
def test_cells_run_in_full(path: Path) -> None:
    """The same with all of its steps."""
    check(path, code(path))


def check(path: Path, cells: list[dict[str, Any]]) -> None:
    """Run cells; a notebook that lacks a package ends and says which."""
    try:
        printed = run(cells)
    except SystemExit as reason:
        pytest.skip(str(reason))
    assert [bool(text) for text in printed] == [bool(shown(cell)) for cell in cells]
    if path.stem in PORTABLE:
        assert printed == [shown(cell) for cell in cells]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_small_and_whole(path: Path) -> None:
    """Each begins with a title, shows a figure, holds no error, and is below 200 KiB."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert "".join(notebook["cells"][0]["source"]).startswith("# ")
    kinds = [one["output_type"] for cell in code(path) for one in cell["outputs"]]
    assert "display_data" in kinds
    assert "error" not in kinds
    assert path.stat().st_size < 200 << 10


def test_there_are_notebooks() -> None:
    """The folder is found."""
    assert len(NOTEBOOKS) >= 5


def test_a_wrong_cell_is_caught() -> None:
    """The runner can fail, and sees what is printed."""
    with pytest.raises(NameError):
        run([{"source": ["x = undefined_name\n"]}])
    assert run([{"source": ["x = 2\n"]}, {"source": ["print(x)"]}]) == ["", "2\n"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_whole(path: Path) -> None:
    """Outputs have the fields that the format of notebooks asks for, or the site could not be built."""
    results = [one for cell in code(path) for one in cell["outputs"] if one["output_type"] == "execute_result"]
    assert all("execution_count" in one for one in [*code(path), *results])
