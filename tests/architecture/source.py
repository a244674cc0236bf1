"""Source files as data: module names, syntax trees and imports, read without running anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chopper", "chopper_ext")
_IMPORTERS = {"import_module", "__import__", "find_spec", "importorskip"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Import:
    """One imported module, and the names taken from it (empty for ``import module``)."""

    module: str
    names: tuple[str, ...]
    line: int
    early: bool
    """Whether it happens when the importing module is loaded."""

    @property
    def root(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]

    def within(self, *prefixes: str) -> bool:
        """Whether the module is one of `prefixes` or lies below one."""
        return any(self.module == p or self.module.startswith(f"{p}.") for p in prefixes)


@dataclass(frozen=True)
class Module:
    """A source file, named as Python would import it."""

    name: str
    text: str
    package: bool = False

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    def within(self, *prefixes: str) -> bool:
        """Whether this module is one of `prefixes` or lies below one."""
        return any(self.name == p or self.name.startswith(f"{p}.") for p in prefixes)

    def imports(self, known: frozenset[str] = frozenset()) -> list[Import]:
        """List the imports; ``from a import b`` counts as the module a.b where `known` holds it."""
        return [one for found in self._found() for one in _resolved(found, known)]

    def _found(self) -> Iterator[Import]:
        for node, early in _walk(self.tree, True):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, (), node.lineno, early)
            elif isinstance(node, ast.ImportFrom):
                names = tuple(alias.name for alias in node.names)
                yield Import(self._absolute(node), names, node.lineno, early)
            elif isinstance(node, ast.Call) and _called(node) in _IMPORTERS and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield Import(name.value, (), node.lineno, early)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = node.level - 1 if self.package else node.level
        return ".".join(parts[: len(parts) - above] + ([node.module] if node.module else []))


def _resolved(found: Import, known: frozenset[str]) -> Iterator[Import]:
    submodules = [name for name in found.names if f"{found.module}.{name}" in known]
    for name in submodules:
        yield Import(f"{found.module}.{name}", (), found.line, found.early)
    rest = tuple(name for name in found.names if name not in submodules)
    if rest or not submodules:
        yield Import(found.module, rest, found.line, found.early)


def _walk(node: ast.AST, early: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = early and not isinstance(child, _SCOPES) and not _is_typing_only(child)
        yield child, inside
        yield from _walk(child, inside)


def _is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def is_stdlib(name: str) -> bool:
    """Whether the top-level package `name` belongs to Python."""
    return name in sys.stdlib_module_names


def read(path: Path) -> Module:
    """Read one file below the root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package)


def modules(*folders: str) -> list[Module]:
    """Read every module below the given folders of the source tree, sorted by name."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [read(path) for path in paths]


def names(*folders: str) -> frozenset[str]:
    """Return the dotted names of every module below the given folders."""
    return frozenset(module.name for module in modules(*folders))


def bindings(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield each name that a module binds at its top level by assignment or definition, with its statement."""
    for node in _top_level(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node
        for target in _targets(node):
            for leaf in ast.walk(target):
                if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Store):
                    yield leaf.id, node


def _top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop(0)
        yield node
        for block in ("body", "orelse", "finalbody", "handlers"):
            if isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.ExceptHandler)):
                pending = [*getattr(node, block, []), *pending]


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For)):
        return [node.target]
    return []


def exported(tree: ast.Module) -> list[str] | None:
    """Return the literal ``__all__`` of a module, or None where there is none."""
    for name, node in bindings(tree):
        if name == "__all__" and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            return list(ast.literal_eval(node.value))
    return None
