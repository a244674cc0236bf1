"""A family is added beside the others: what serves all of them neither imports nor names one."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import ROOT, Module, modules, names, read

SEAMS = (
    "rounding", "conversion", "random", "engine/backend", "engine/inputs", "engine/loops", "engine/numpy_backend",
    "engine/patterns", "engine/plan", "engine/run",
)  # fmt: skip
"""The modules that every call passes through, whatever its format."""

KNOWN = names("chopper")
COMMON = frozenset(
    f"chopper.{name}"
    for name in (
        "formats.base", "formats.hashing", "formats.registry", "formats.scale_rule", "kernels.carrier",
        "kernels.threefry",
    )
)  # fmt: skip
"""Modules of the formats and kernels that are of no family; scale rules are an argument of every call."""


def _families() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the families, and the classes of their formats."""
    classes = [n for module in modules("chopper/formats") for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef)]
    found = frozenset(name for node in classes for part in node.body for name in _family(part))
    return found, frozenset(node.name for node in classes if node.name.endswith("Format")) - {"Format"}


def _family(part: ast.stmt) -> list[str]:
    named = isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == "family"
    return [part.value.value] if named and isinstance(part.value, ast.Constant) else []  # type: ignore[union-attr]


FAMILIES, CLASSES = _families()
WORDS = FAMILIES - {"float", "scaled"}
"""What no identifier may hold.

``float`` is a word of Python too, and a `ScaledArray` is a result of every call's kind: for these two only imports,
classes and strings count.
"""


def complaints(module: Module) -> list[str]:
    """List the places where a module knows a family."""
    found = [
        f"{module.name}:{one.line} imports {one.module}" for one in module.imports(KNOWN) if _is_of_a_family(one.module)
    ]
    for node in ast.walk(module.tree):
        found += [f"{module.name}:{getattr(node, 'lineno', 0)} names {name}" for name in _named(node)]
    return found


def _is_of_a_family(module: str) -> bool:
    if module.startswith("chopper.engine.families"):
        return True
    return module.startswith(("chopper.formats.", "chopper.kernels.")) and module not in COMMON


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [repr(node.value)] if node.value in FAMILIES else []
    texts = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
    return [text for text in texts if isinstance(text, str) and (text in CLASSES or _mentions(text, WORDS))]


def _mentions(identifier: str, words: frozenset[str]) -> bool:
    parts = re.findall("[A-Z]?[a-z0-9]+|[A-Z]+", identifier)
    return any(part.lower() in words for part in parts)


@pytest.mark.parametrize("path", SEAMS)
def test_seams_know_no_family(path: str) -> None:
    """A family comes by its row in the registry and its module of the engine, which `plan` finds by name."""
    assert complaints(read(ROOT / "chopper" / f"{path}.py")) == []


def test_the_families_are_found() -> None:
    """The families and their classes are read from the sources."""
    assert {"float", "posit", "takum", "hif8", "lns", "fixed", "codebook"} <= FAMILIES
    assert {"FloatFormat", "PositFormat", "TakumFormat", "TableFormat", "FixedFormat"} <= CLASSES


@pytest.mark.parametrize(
    "text",
    [
        "from chopper.formats.float import FloatFormat",
        "def f():\n    from chopper.formats import takum",
        "from chopper.formats.posit_names import POSIT",
        "from chopper.kernels.posit import round_posit",
        "from chopper.kernels.steps import Steps",
        "from chopper.engine.families.table.rows import steps",
        "from chopper.engine.families import fixed",
        "if fmt.family == 'lns':\n    pass",
        "TABLE = {'float': 1}",
        "def f(x):\n    return isinstance(x, FloatFormat)",
        "def f(fmt):\n    return fmt.is_posit",
        "def plan_for_posit(fmt):\n    return fmt",
        "fixed_width = 3",
        "def f(lns):\n    return lns",
    ],
)
def test_a_module_that_knows_a_family_is_caught(text: str) -> None:
    """The rule can fail."""
    assert complaints(Module("chopper.conversion", text)) != []


@pytest.mark.parametrize(
    "text",
    [
        '"""Posits, takums and fixed point are words that a text may use."""',
        "from chopper.formats.base import Format\nfrom chopper.formats.registry import get",
        "from chopper.kernels.threefry import random_word",
        "def exact_float(x):\n    return float(x)",
        "found = import_module(f'chopper.engine.families.{name}')",
    ],
)
def test_what_serves_all_passes(text: str) -> None:
    """Words in texts, common modules, and a family found by its name are fine."""
    assert complaints(Module("chopper.conversion", text)) == []
