"""Every code block of the texts for users runs, and the commands they name exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [body for tag, body in BLOCK.findall(text) if tag == language]


def run(text: str, name: str) -> None:
    """Run the Python blocks of a text in one namespace; a block of ``>>>`` lines must print what it shows."""
    namespace: dict[str, object] = {"__name__": name}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for number, block in enumerate(blocks(text, "python")):
        if ">>>" not in block:
            exec(compile(block, f"{name}, block {number}", "exec"), namespace)
            continue
        report: list[str] = []
        test = doctest.DocTestParser().get_doctest(block, namespace, f"{name}, block {number}", name, 0)
        runner.run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        namespace = test.globs


def targets(text: str) -> set[str]:
    """Return the make targets that a text tells to run."""
    return set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_blocks_run(path: Path) -> None:
    """The Python blocks run and show what they print."""
    run(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_targets_exist(path: Path) -> None:
    """Every ``make`` command in a text is a target of the Makefile."""
    defined = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert targets(path.read_text(encoding="utf-8")) <= defined


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link leads to a file."""
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_readme_has_a_quickstart() -> None:
    """The reader finds something to run."""
    assert blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")


@pytest.mark.parametrize(
    "body", [">>> 1 + 1\n3\n", ">>> undefined_name\n", "raise ValueError\n", "x = undefined_name\n"]
)
def test_a_wrong_block_is_caught(body: str) -> None:
    """The runner can fail."""
    with pytest.raises((AssertionError, ValueError, NameError)):
        run(f"```python\n{body}```\n", "bad")


def test_later_blocks_see_earlier_ones() -> None:
    """A text reads from top to bottom."""
    run("```python\nx = 1\n```\n\n```python\n>>> x + 1\n2\n```\n\n```python\nassert x == 1\n```\n", "good")


def test_a_missing_target_is_seen() -> None:
    """Commands are recognised in blocks and in running text."""
    assert targets("```\nmake demo\n```\nrun `make test`, then make sure") == {"demo", "test"}
