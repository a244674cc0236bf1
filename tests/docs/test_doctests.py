"""Every example in a docstring runs and prints what it shows."""

from __future__ import annotations

import doctest
import importlib
from types import ModuleType

import pytest

from tests.architecture.source import PACKAGES, modules

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def failures(module: ModuleType) -> str:
    """Return the report of the examples of a module that fail; empty when all pass."""
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        runner.run(test, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("name", [module.name for module in modules(*PACKAGES) if ">>>" in module.text])
def test_examples(name: str) -> None:
    """The examples of one module pass; where its framework is absent, they are skipped."""
    module = pytest.importorskip(name, exc_type=ModuleNotFoundError) if name.startswith("chopper_ext") else None
    assert failures(module or importlib.import_module(name)) == ""


def test_a_wrong_example_is_caught() -> None:
    """The check can fail."""
    module = ModuleType("bad", "A module.\n\n>>> 1 + 1\n3\n")
    assert "Expected" in failures(module)
