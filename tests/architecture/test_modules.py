"""Rule 5, first half: no star imports, no import cycles, no mutable module globals."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import PACKAGES, Module, bindings, modules

MODULES = modules(*PACKAGES)
MAKERS = {"list", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter", "WeakKeyDictionary",
          "WeakValueDictionary", "WeakSet"}  # fmt: skip
MUTATORS = {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "sort",
            "update"}  # fmt: skip


def star_complaints(module: Module) -> list[str]:
    """List the star imports."""
    return [f"{module.name}:{one.line} imports * from {one.module}" for one in module.imports() if "*" in one.names]


def graph(found: list[Module]) -> dict[str, set[str]]:
    """Return which module imports which while it is loaded; parents that Python loads first do not count."""
    known = frozenset(module.name for module in found)
    return {
        module.name: {one.module for one in module.imports(known) if one.early and one.module in known}
        for module in found
    }


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """Return one cycle as the list of its modules, the first repeated at the end; empty where there is none."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for after in sorted(edges.get(node, ())):
            found = visit(after, [*path, node])
            if found:
                return found
        done.add(node)
        return []

    for start in sorted(edges):
        found = visit(start, [])
        if found:
            return found
    return []


def mutable_complaints(module: Module) -> list[str]:
    """List the module globals that can change.

    Lists and sets never stand at the top level (``__all__`` excepted: use a tuple or a frozenset).  A dict may, under
    an upper-case name, if the module never changes it; or wrapped in a MappingProxyType.  No ``global`` anywhere.
    """
    tree = module.tree
    changed = _changed(tree)
    found = [(n.lineno, "a global statement") for n in ast.walk(tree) if isinstance(n, ast.Global)]
    for name, node in bindings(tree):
        value = getattr(node, "value", None)
        kind = _mutable(value) if isinstance(value, ast.expr) else None
        if kind is None or name == "__all__":
            continue
        if kind == "dict" and name.isupper() and name not in changed:
            continue
        reason = f"a {kind} that the module changes" if name in changed else f"a {kind}"
        found.append((node.lineno, f"{name} is {reason}"))
    return [f"{module.name}:{line}: {what}" for line, what in found]


def _mutable(value: ast.expr) -> str | None:
    if isinstance(value, (ast.List, ast.ListComp)):
        return "list"
    if isinstance(value, (ast.Set, ast.SetComp)):
        return "set"
    if isinstance(value, (ast.Dict, ast.DictComp)):
        return "dict"
    if isinstance(value, ast.BinOp):
        return _mutable(value.left) or _mutable(value.right)
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func).rpartition(".")[2]
        return called if called in MAKERS | {"dict"} else None
    return None


def _changed(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(ast.unparse(node.value))
        elif isinstance(node, ast.AugAssign):
            found.add(ast.unparse(node.target))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            found.add(ast.unparse(node.func.value))
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_no_star_imports(module: Module) -> None:
    """No module imports everything of another."""
    assert star_complaints(module) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_no_mutable_globals(module: Module) -> None:
    """No module keeps state in a list, set or dict of its own."""
    assert mutable_complaints(module) == []


def test_no_import_cycles() -> None:
    """Loading any module loads no module twice on the way."""
    assert cycle(graph(MODULES)) == []


def test_star_imports_are_caught() -> None:
    """The rule can fail."""
    assert star_complaints(Module("chopper.bad", "from math import *")) != []


def test_cycles_are_caught() -> None:
    """The rule can fail: over two modules, over a package, in relative form; a late import closes no cycle."""
    a, b = Module("p.a", "from p import b"), Module("p.b", "if True:\n    from . import a")
    late = Module("p.b", "def f():\n    from p import a")
    typed = Module("p.b", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import a")
    assert cycle(graph([a, b])) == ["p.a", "p.b", "p.a"]
    assert cycle(graph([a, late])) == []
    assert cycle(graph([a, typed])) == []
    assert cycle(graph([Module("p", "from p.a import x", True), Module("p.a", "from p import y")])) == ["p", "p.a", "p"]
    assert cycle(graph([Module("p.a", "import p.a")])) == ["p.a", "p.a"]


@pytest.mark.parametrize(
    "text",
    [
        "NAMES = []",
        "NAMES: list[int] = [1]",
        "NAMES = {1, 2}",
        "NAMES = [x for x in (1, 2)]",
        "NAMES = list((1, 2))",
        "NAMES = set()",
        "CACHE = collections.defaultdict(int)",
        "cache = {}",
        "_cache: dict[str, int] = {}",
        "CACHE = {}\n\ndef f(k):\n    CACHE[k] = 1",
        "CACHE = dict()\n\ndef f(k):\n    CACHE.update(k)",
        "CACHE = {}\n\ndef f(k):\n    return CACHE.setdefault(k, 1)",
        "CACHE = {}\n\ndef f(k):\n    del CACHE[k]",
        "if True:\n    NAMES = []",
        "NAMES = [0] * 3",
        "count = 0\n\ndef f():\n    global count\n    count = 1",
    ],
)
def test_mutable_globals_are_caught(text: str) -> None:
    """The rule can fail."""
    assert mutable_complaints(Module("chopper.bad", text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "__all__ = ['f']",
        "NAMES = (1, 2)",
        "NAMES = frozenset({1, 2})",
        "_TABLE: Final = {'a': 1}",
        "names = MappingProxyType({'a': 1})",
        "def f():\n    names = []\n    names.append(1)\n    return names",
    ],
)
def test_constants_pass(text: str) -> None:
    """What cannot change is not caught."""
    assert mutable_complaints(Module("chopper.good", text)) == []
