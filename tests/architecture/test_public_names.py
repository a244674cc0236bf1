"""Rule 5, second half: every module says what is public, and every public name is documented."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import PACKAGES, Module, bindings, exported, modules

MODULES = modules(*PACKAGES)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
UNLISTED = ("chopper.kernels",)  # helpers of a kernel are shared between files without becoming public
FORMULAS = ("chopper.kernels.rules",)  # a rule of one line is its own text; the formula stands at its Rounding member


def complaints(module: Module) -> list[str]:
    """List what is undocumented, unlisted or listed in vain."""
    tree = module.tree
    if any(part.startswith("_") for part in module.name.split(".")):
        return []
    found = [] if ast.get_docstring(tree) else ["the module has no docstring"]
    public = exported(tree)
    bound = dict(bindings(tree))
    if public is None:
        if bound or _imported(tree):
            found.append("there is no __all__")
        public = []
    if len(set(public)) < len(public):
        found.append("__all__ repeats a name")
    if "__getattr__" not in bound:
        found += [
            f"{name} is in __all__ but not in the module" for name in public if name not in {*bound, *_imported(tree)}
        ]
    if not module.within(*UNLISTED):
        found += [f"{name} is not in __all__" for name in bound if not name.startswith("_") and name not in public]
    for name in public:
        if name in bound and not module.within(*FORMULAS):
            found += _undocumented(name, bound[name], tree)
    return [f"{module.name}: {what}" for what in found]


def _imported(tree: ast.Module) -> set[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name for node in nodes for alias in node.names if alias.name != "annotations"}


def _undocumented(name: str, node: ast.AST, tree: ast.Module) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        if not ast.get_docstring(node):
            yield f"class {name} has no docstring"
        methods = [part for part in node.body if isinstance(part, FUNCTIONS) and not part.name.startswith("_")]
        yield from (f"{name}.{one.name} has no docstring" for one in methods if not _has_text(one))
    elif isinstance(node, FUNCTIONS):
        if not _has_text(node):
            yield f"function {name} has no docstring"
    elif not _is_explained(node, tree):
        yield f"{name} has no text: put a string below it"


def _has_text(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function has a docstring, or is a variant of one that has."""
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    return bool(ast.get_docstring(node) or decorators & {"overload", "setter", "deleter"})


def _is_explained(node: ast.AST, tree: ast.Module) -> bool:
    """Whether a string stands right after an assignment, or after the block of assignments it belongs to."""
    body = tree.body
    if node not in body:
        return False
    after = body[body.index(node) + 1 :]
    while after and isinstance(after[0], (ast.Assign, ast.AnnAssign)):
        after = after[1:]
    first = after[0] if after else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_public_names(module: Module) -> None:
    """Every module has a docstring and an ``__all__`` that tells the truth, and all in it is documented."""
    assert complaints(module) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("__all__ = []", "no docstring"),
        ('"""M."""\ndef f():\n    """F."""', "no __all__"),
        ('"""M."""\n__all__ = []\ndef f():\n    """F."""', "f is not in __all__"),
        ('"""M."""\n__all__ = ["f"]\ndef f():\n    return 1', "function f has no docstring"),
        ('"""M."""\n__all__ = ["C"]\nclass C:\n    x = 1', "class C has no docstring"),
        ('"""M."""\n__all__ = ["C"]\nclass C:\n    """C."""\n    def f(self): ...', "C.f has no docstring"),
        ('"""M."""\n__all__ = ["g"]', "g is in __all__ but not in the module"),
        ('"""M."""\n__all__ = ["X"]\nX = 1', "X has no text"),
        ('"""M."""\n__all__ = ["f", "f"]\ndef f():\n    """F."""', "__all__ repeats a name"),
        ('"""M."""\nfrom math import pi', "no __all__"),
    ],
)
def test_each_complaint_can_be_raised(text: str, what: str) -> None:
    """The rule can fail."""
    assert any(what in one for one in complaints(Module("chopper.bad", text)))


def test_a_documented_module_passes() -> None:
    """Constants with a text below, private names and imported names are fine."""
    text = '"""M."""\nfrom math import pi\n__all__ = ["X", "Y", "pi"]\nX = 1\nY = 2\n"""Two numbers."""\n_z = 3'
    assert complaints(Module("chopper.good", text)) == []
