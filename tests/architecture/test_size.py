"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import PACKAGES, Module, modules

FILE_LINES = 400
FUNCTION_LINES = 60
MODULES = modules(*PACKAGES, "tests", "benchmarks")


def complaints(module: Module) -> list[str]:
    """List what is too long; a function's docstring and its decorators do not count."""
    lines = module.text.count("\n") + 1
    found = [f"{module.name} has {lines} lines, more than {FILE_LINES}"] if lines > FILE_LINES else []
    functions = [node for node in ast.walk(module.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [(node, _length(node)) for node in functions if _length(node) > FUNCTION_LINES]
    return found + [f"{module.name}:{f.lineno} {f.name} has {n} lines, more than {FUNCTION_LINES}" for f, n in long]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        text = node.body[0]
        lines -= (text.end_lineno or text.lineno) - text.lineno + 1
    return lines


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_sizes(module: Module) -> None:
    """No file and no function is too long."""
    assert complaints(module) == []


def test_a_long_file_is_caught() -> None:
    """The rule can fail on a file."""
    assert complaints(Module("chopper.bad", "x = 1\n" * FILE_LINES)) != []
    assert complaints(Module("chopper.good", "x = 1\n" * (FILE_LINES - 1))) == []


def test_a_long_function_is_caught() -> None:
    """The rule can fail on a function; text is free."""
    long = "def f(x):\n" + "    x = 1\n" * FUNCTION_LINES
    text = 'def f(x):\n    """' + "text\n" * FUNCTION_LINES + '"""\n' + "    x = 1\n" * (FUNCTION_LINES - 1)
    assert complaints(Module("chopper.bad", long)) != []
    assert complaints(Module("chopper.good", text)) == []
