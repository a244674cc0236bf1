"""The dialect of the kernels: what every backend, Python's ints and the prover can all run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

KERNELS = modules("chopper/kernels")
EXPRESSIONS = (
    ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Tuple,
    ast.Load, ast.Store, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor,
    ast.LShift, ast.RShift, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip
TOP_LEVEL = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


def defined(module: Module) -> set[str]:
    """Return the functions and classes of a module."""
    return {node.name for node in module.tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


CALLABLE = frozenset().union(*(defined(module) for module in KERNELS))


def complaints(module: Module, callable_names: frozenset[str] = CALLABLE) -> list[str]:
    """List every place where a kernel module leaves the dialect."""
    body = module.tree.body[1:] if ast.get_docstring(module.tree) is not None else module.tree.body
    found = [
        (node.lineno, f"{type(node).__name__} at the top level")
        for node in body
        if not isinstance(node, TOP_LEVEL) and not _is_text(node)
    ]
    known = callable_names | defined(module)
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found += _function(node, known)
        elif isinstance(node, ast.ClassDef):
            found += _class(node)
    return [f"{module.name}:{line}: {what}" for line, what in found]


def _class(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    if [ast.unparse(base) for base in node.bases] != ["NamedTuple"] or node.decorator_list:
        yield node.lineno, f"class {node.name} is no plain NamedTuple"
    for part in node.body:
        if not isinstance(part, ast.AnnAssign) and not _is_text(part):
            yield part.lineno, f"class {node.name} holds more than fields"


def _function(function: ast.FunctionDef, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    if function.decorator_list:
        yield function.lineno, "decorator"
    given = function.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
        yield function.lineno, "parameters other than plain positional ones"
    parameters = {arg.arg for arg in given.args}
    body = function.body[1:] if _is_text(function.body[0]) else function.body
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        yield function.lineno, "does not end in a return of a value"
    readable = set(parameters)
    for statement in body:
        if not isinstance(statement, ast.Assign) and statement is not body[-1]:
            yield statement.lineno, f"{type(statement).__name__} is no assignment"
            continue
        value = statement.value if isinstance(statement, (ast.Assign, ast.Return)) else None
        if value is not None:
            yield from _expression(value, readable, parameters | known)
        if isinstance(statement, ast.Assign):
            yield from _targets(statement, readable)


def _targets(statement: ast.Assign, readable: set[str]) -> Iterator[tuple[int, str]]:
    for target in statement.targets:
        leaves = target.elts if isinstance(target, ast.Tuple) else [target]
        for leaf in leaves:
            if isinstance(leaf, ast.Name):
                readable.add(leaf.id)
            else:
                yield statement.lineno, f"assignment to {ast.unparse(leaf)}"


def _expression(value: ast.expr, readable: set[str], callable_names: set[str]) -> Iterator[tuple[int, str]]:
    callees = set()
    for node in ast.walk(value):
        if not isinstance(node, EXPRESSIONS):
            yield value.lineno, f"{type(node).__name__} in an expression"
        elif isinstance(node, ast.Constant) and type(node.value) is not int:
            yield node.lineno, f"constant {node.value!r} is no int"
        elif isinstance(node, ast.Compare) and len(node.ops) > 1:
            yield node.lineno, "chained comparison: it hides an `and`"
        elif isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
            yield node.lineno, f"attribute of an expression: {ast.unparse(node)}"
        elif isinstance(node, ast.Call):
            callees.add(node.func)
            if not isinstance(node.func, ast.Name) or node.func.id not in callable_names:
                yield node.lineno, f"call of {ast.unparse(node.func)}"
            if node.keywords:
                yield node.lineno, "call with keywords"
        elif (
            isinstance(node, ast.Name) and node not in callees and not _is_known(node, value, readable, callable_names)
        ):
            yield node.lineno, f"reads {node.id}, which is neither a parameter nor assigned before"


def _is_known(name: ast.Name, value: ast.expr, readable: set[str], callable_names: set[str]) -> bool:
    """Whether a name is a parameter or local, or a kernel handed to another one as its rule."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    return name.id in readable or (name.id in callable_names and any(name in call.args for call in calls))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("module", KERNELS, ids=lambda m: m.name)
def test_kernels_keep_the_dialect(module: Module) -> None:
    """Every kernel is written in the dialect."""
    assert complaints(module) == []


def test_there_are_kernels() -> None:
    """The glob finds the kernels."""
    assert {"chopper.kernels.rules", "chopper.kernels.float"} <= {module.name for module in KERNELS}


BAD_BODIES = [
    "if x:\n        return y\n    return x",
    "for i in x:\n        y = i\n    return y",
    "while x:\n        x = x - 1\n    return x",
    "x += 1\n    return x",
    "x: int = y\n    return x",
    "return x / y",
    "return x // y",
    "return x % y",
    "return x ** y",
    "return ~x",
    "return +x",
    "return x and y",
    "return not x",
    "return x if y else 0",
    "return 0 < x < y",
    "return x == 0.5",
    "return where(x, True, y)",
    "return x is y",
    "return x[0]",
    "return [x, y]",
    "return (x + y).real",
    "return abs(x)",
    "return x.view(y)",
    "return where(x, b=y)",
    "return where(*x)",
    "return LIMIT + x",
    "return z",
    "z = z + 1\n    return z",
    "x.sign = y\n    return x",
    "assert x\n    return y",
    "print(x)\n    return y",
    "return",
    "z = x",
    "def g(a):\n        return a\n    return g(x)",
    "return (lambda a: a)(x)",
    "import math\n    return x",
    "return f'{x}'",
    "return [a for a in x]",
    "return (z := x)",
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_body_outside_the_dialect_is_caught(body: str) -> None:
    """Each construct beyond the whitelist raises a complaint."""
    text = f"LIMIT = 3\n\ndef f(where, x, y):\n    {body}\n"
    assert complaints(Module("chopper.kernels.bad", text), frozenset()) != []


BAD_MODULES = [
    "@decorator\ndef f(x):\n    return x",
    "def f(x=1):\n    return x",
    "def f(*x):\n    return x",
    "def f(**x):\n    return x",
    "def f(*, x):\n    return x",
    "async def f(x):\n    return x",
    "class C:\n    x: int",
    "class C(NamedTuple):\n    x: int\n\n    def f(self):\n        return 1",
    "if True:\n    pass",
    "for i in (1, 2):\n    pass",
    "print(1)",
]


@pytest.mark.parametrize("text", BAD_MODULES)
def test_a_module_outside_the_dialect_is_caught(text: str) -> None:
    """Each top-level construct beyond the whitelist raises a complaint."""
    assert complaints(Module("chopper.kernels.bad", text), frozenset()) != []


GOOD = '''
"""A module."""
from typing import NamedTuple

__all__ = ["P", "f"]

class P(NamedTuple):
    """Fields."""

    sign: int
    inf: int

LIMIT = P(-(2**31), 1)

def f(where, rule, x, p):
    """Text."""
    neg = x & p.sign
    a, b = g(x, -1), neg
    a = where(x >= p.inf, a | b, rule(where, a ^ b))
    return a << 1 > b, h(up, where, x)

def g(x, y):
    return x * y - 1

def h(rule, where, x):
    return rule(where, x)

def up(where, x):
    return where(x != 0, x, 0)
'''


def test_the_dialect_passes() -> None:
    """Tuples, NamedTuples, injected functions, kernels handed on as rules: none raises a complaint."""
    assert complaints(Module("chopper.kernels.good", GOOD), frozenset()) == []
