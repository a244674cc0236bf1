"""What was run, as a hash: kernels with all they call, their integers and tables, what the loop is compiled from."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

import chopper
from chopper.engine.casts import widen
from chopper.engine.plan import Plan, Request, family_of, plan_encode, plan_round
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["digest", "reachable"]

ENGINE = Path(chopper.__file__).parent / "engine"
ROOTS = {
    "loops": {"each"},
    "compiled": {"compiled"},
    "lanes": {"LANE", "difference", "load", "settle", "store", "take", "where"},
}
"""The loop of the runs, and what it is made of, by file of the engine."""

LISTS = {"__all__", "_COMPILED", "_sources_digest"}
"""Names that list files and names, and change nothing that is run."""

MADE_BY_NAME = ("intrinsic", "_loop", "numba.njit", "cache")
"""Decorators of functions that do nothing until somebody names them."""


def digest(fmt: Format, mode: Rounding) -> str:
    """Return a hash of the code and the integers that the library runs for float32 inputs."""
    asked = Request(fmt, mode)
    width = 32 if family_of(fmt).fits(fmt, 32) else 64
    seen = hashlib.sha256(_loops())
    for plan in (plan_round(asked, width), plan_encode(asked, width)):
        for piece in _pieces(plan):
            seen.update(piece if isinstance(piece, bytes) else repr(piece).encode())
    if width == 64:
        for piece in _code(widen, set()):
            seen.update(repr(piece).encode())
    return seen.hexdigest()[:16]


@cache
def _loops() -> bytes:
    texts = [text for name in ROOTS for text in reachable((ENGINE / f"{name}.py").read_text(), ROOTS[name])]
    return "\n".join(texts).encode()


def reachable(source: str, roots: set[str]) -> list[str]:
    """Return the top-level statements of a module that its roots need, and those that act by themselves, as trees.

    Imports, texts, and functions that nobody among these names are left out.
    """
    nodes = [node for node in ast.parse(source).body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    chosen: list[ast.stmt] = []
    wanted = set(roots)
    while more := [node for node in nodes if node not in chosen and (_acts(node) or _names(node) & wanted)]:
        chosen += more
        wanted |= {name for node in more for name in _read(node)} - LISTS
    return [ast.dump(_without_texts(node)) for node in nodes if node in chosen]


def _read(node: ast.stmt) -> set[str]:
    """Return the names that a statement reads and does not bind itself."""
    names = [leaf for leaf in ast.walk(node) if isinstance(leaf, ast.Name)]
    bound = {leaf.arg for leaf in ast.walk(node) if isinstance(leaf, ast.arg)}
    bound |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names} - bound


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {leaf.id for target in targets if target for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}


def _acts(node: ast.stmt) -> bool:
    """Whether a statement does something without being named, such as registering a function."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return any(not ast.unparse(one).startswith(MADE_BY_NAME) for one in node.decorator_list)
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not (text or isinstance(node, (ast.Assign, ast.AnnAssign)))


def _without_texts(node: ast.stmt) -> ast.stmt:
    for one in ast.walk(node):
        if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(one) is not None:
            one.body = one.body[1:]
    return node


def _pieces(plan: Plan) -> Iterator[Any]:
    yield plan.kernel
    yield plan.kernel.carrier
    arrays = [value for value in plan.params if isinstance(value, np.ndarray)]
    yield plan.params if not arrays else [value for value in plan.params if not isinstance(value, np.ndarray)]
    yield from (array.tobytes() for array in arrays)
    yield from _code(plan.kernel.function, set())
    if plan.kernel.rule != "settle":
        yield from _code(plan.kernel.rule_function, set())


def _plain(value: Any) -> Any:
    """Return a constant without the place where it lies in memory: a comprehension is code of its own."""
    return (value.co_code.hex(), value.co_names, value.co_varnames) if isinstance(value, CodeType) else value


def _code(function: FunctionType, seen: set[str]) -> Iterator[Any]:
    """Yield what a dialect function, and every one that it calls, does; texts do not count."""
    if function.__qualname__ in seen:
        return
    seen.add(function.__qualname__)
    code = function.__code__
    constants = [_plain(value) for value in code.co_consts if not isinstance(value, str)]
    yield code.co_name, code.co_code.hex(), constants, code.co_names, code.co_varnames
    for name in code.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            yield from _code(called, seen)
