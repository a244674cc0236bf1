"""Rules 1 to 4: who may import whom."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import PACKAGES, ROOT, Module, exported, is_stdlib, modules, names, read

KNOWN = names(*PACKAGES, "tests")
FRAMEWORKS = frozenset({"torch", "jax", "jaxlib", "dask", "triton", "tensorflow"})
COMPILERS = frozenset({"numba", "llvmlite"})

# The longest matching prefix decides.  First: packages from outside Python.  Second: parts of chopper.
LAYERS = {
    "chopper": ({"numpy"}, {"chopper"}),
    "chopper.errors": (set(), set()),
    "chopper.rounding": (set(), {"chopper.errors"}),
    "chopper.formats": (set(), {"chopper.errors", "chopper.rounding", "chopper.formats"}),
    "chopper.kernels": (set(), {"chopper.kernels"}),
    "chopper.engine": ({"numpy", *COMPILERS}, {"chopper"}),
    "chopper.analysis": ({"numpy", "matplotlib"}, {"chopper"}),
    "chopper.cli": ({"numpy", "typer", "rich", "matplotlib"}, {"chopper"}),
    "chopper.demo": ({"numpy", "rich", "matplotlib", "sklearn"}, {"chopper"}),
    "chopper.linalg": ({"numpy", "rich"}, {"chopper"}),
    "chopper.plots": ({"numpy", "matplotlib"}, {"chopper"}),
    "chopper.verify": ({"numpy", "z3"}, {"chopper"}),
    "chopper.testing": ({"numpy", "hypothesis", "z3"}, {"chopper"}),
}
ADAPTER_PACKAGES = {
    "torch": {"torch", "triton"},
    "jax": {"jax", "jaxlib", "optax", "equinox"},
    "dask": {"dask"},
}
ONE_PER_FILE = ("interop", "probes")  # folders whose files each have a framework of their own
ORACLE_MAY = ("chopper.errors", "chopper.formats", "chopper.rounding")


def layer(name: str) -> tuple[set[str], set[str]]:
    """Return what the module `name` may import from outside, and from chopper."""
    fitting = [prefix for prefix in LAYERS if name == prefix or name.startswith(f"{prefix}.")]
    return LAYERS[max(fitting, key=len)]


def core_complaints(module: Module) -> list[str]:
    """List the imports of a core module that its layer forbids."""
    outside, inside = layer(module.name)
    found = []
    for one in module.imports(KNOWN):
        if one.root == "chopper":
            allowed = one.within(*inside)
        elif module.within("chopper.kernels"):
            allowed = one.module == "typing"
        else:
            allowed = is_stdlib(one.root) or one.root in outside
        if not allowed:
            found.append(f"{module.name}:{one.line} imports {one.module}")
    return found


def compiler_complaints(module: Module) -> list[str]:
    """List the imports of Numba outside the engine."""
    if module.within("chopper.engine"):
        return []
    return [f"{module.name}:{i.line} imports {i.module}" for i in module.imports() if i.root in COMPILERS]


def framework_complaints(module: Module) -> list[str]:
    """List the places where a core module names a framework: as an identifier, or as a module's name in a string."""
    found = [f"{module.name}:{i.line} imports {i.module}" for i in module.imports() if i.root in FRAMEWORKS]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in FRAMEWORKS:
            found.append(f"{module.name}:{node.lineno} names {node.id}")
        if isinstance(node, (ast.Compare, ast.Subscript, ast.Call)):
            found += [f"{module.name}:{node.lineno} asks for {text!r}" for text in _asked(node) if _is_framework(text)]
    return found


def _asked(node: ast.Compare | ast.Subscript | ast.Call) -> list[str]:
    if isinstance(node, ast.Compare):
        places = [node.left, *node.comparators]
    elif isinstance(node, ast.Subscript):
        places = [node.slice] if ast.unparse(node.value).endswith("modules") else []
    else:
        places = node.args if ast.unparse(node.func).endswith((".startswith", "modules.get")) else []
    leaves = [leaf for place in places for leaf in ast.walk(place)]
    return [leaf.value for leaf in leaves if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)]


def _is_framework(text: str) -> bool:
    return text.partition(".")[0] in FRAMEWORKS


def adapter_complaints(module: Module) -> list[str]:
    """List the imports of an adapter beyond its own framework and the public face of chopper."""
    parts = module.name.split(".")
    own = parts[1] if len(parts) > 1 else ""
    packages = ADAPTER_PACKAGES.get(own, {own} - {""})
    found, foreign = [], set()
    for one in module.imports(KNOWN):
        if one.root == "chopper":
            allowed = _is_public(one.module, one.names)
        elif one.root == "chopper_ext":
            allowed = bool(own) and one.within(f"chopper_ext.{own}")
        elif is_stdlib(one.root) or one.root == "numpy":
            allowed = True
        elif own in ONE_PER_FILE:
            foreign.add(one.root)
            allowed = len(foreign) == 1 and one.root not in COMPILERS
        else:
            allowed = one.root in packages
        if not allowed:
            found.append(f"{module.name}:{one.line} imports {one.module} {', '.join(one.names)}".rstrip())
    return found


def _is_public(name: str, taken: tuple[str, ...]) -> bool:
    """Whether an adapter may take these names: the engine shows its backend protocol only, the rest its ``__all__``."""
    if name.startswith("chopper.engine") and name != "chopper.engine.backend":
        return False
    if any(part.startswith("_") for part in (*name.split("."), *taken)):
        return False
    path = ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    public = exported(read(path).tree) if path.is_file() else None
    return public is None or set(taken) <= set(public)


def oracle_complaints(module: Module) -> list[str]:
    """List what the oracle imports beyond formats, NumPy (for sets of inputs) and Python itself."""
    found = [i for i in module.imports(KNOWN) if not (is_stdlib(i.root) or i.within("numpy", *ORACLE_MAY))]
    return [f"{module.name}:{i.line} imports {i.module}" for i in found]


def upward_complaints(module: Module) -> list[str]:
    """List imports of what is built on top of the packages."""
    above = {"tests", "benchmarks", "notebooks", "docs", "conftest"}
    if module.within("chopper"):
        above.add("chopper_ext")
    return [f"{module.name}:{i.line} imports {i.module}" for i in module.imports() if i.root in above]


@pytest.mark.parametrize("module", modules("chopper"), ids=lambda m: m.name)
def test_core(module: Module) -> None:
    """Every module of the core imports what its layer allows, and no framework is named there."""
    assert core_complaints(module) == []
    assert framework_complaints(module) == []


@pytest.mark.parametrize("module", modules("chopper_ext"), ids=lambda m: m.name)
def test_adapters(module: Module) -> None:
    """Every adapter imports its own framework and chopper's public face."""
    assert adapter_complaints(module) == []


@pytest.mark.parametrize("module", modules(*PACKAGES), ids=lambda m: m.name)
def test_packages(module: Module) -> None:
    """Numba stays under the engine, and nothing imports what is above it."""
    assert compiler_complaints(module) == []
    assert upward_complaints(module) == []


def test_oracle() -> None:
    """The oracle does not import the code it judges."""
    path = ROOT / "tests" / "oracle.py"
    if not path.exists():
        pytest.skip("tests/oracle.py is not written yet")
    assert oracle_complaints(read(path)) == []


CATCHES = [
    (core_complaints, "chopper.errors", "import numpy"),
    (core_complaints, "chopper.errors", "from chopper.rounding import Rounding"),
    (core_complaints, "chopper.rounding", "from chopper.formats.base import Format"),
    (core_complaints, "chopper.formats.float", "import numpy as np"),
    (core_complaints, "chopper.formats.float", "from ..kernels import float"),
    (core_complaints, "chopper.formats.float", "def f():\n    from chopper.engine import lower"),
    (core_complaints, "chopper.kernels.float", "import math"),
    (core_complaints, "chopper.kernels.float", "from chopper.formats import base"),
    (core_complaints, "chopper.conversion", "import scipy"),
    (core_complaints, "chopper.conversion", "import importlib\nimportlib.import_module('pandas')"),
    (compiler_complaints, "chopper.conversion", "def f():\n    import numba"),
    (compiler_complaints, "chopper_ext.torch", "from llvmlite import ir"),
    (framework_complaints, "chopper.conversion", "def f():\n    import torch"),
    (framework_complaints, "chopper.conversion", "found = type(x).__module__ == 'torch'"),
    (framework_complaints, "chopper.conversion", "found = 'jax' in sys.modules"),
    (framework_complaints, "chopper.conversion", "dask = sys.modules.get('dask.array')"),
    (framework_complaints, "chopper.conversion", "x = torch.where"),
    (adapter_complaints, "chopper_ext.torch.layers", "import jax"),
    (adapter_complaints, "chopper_ext.torch.layers", "from chopper_ext.jax import chop"),
    (adapter_complaints, "chopper_ext.torch.layers", "from chopper.engine.loops import chop"),
    (adapter_complaints, "chopper_ext.torch.layers", "from chopper.errors import _secret"),
    (adapter_complaints, "chopper_ext.torch.layers", "from chopper.errors import get_close_matches"),
    (adapter_complaints, "chopper_ext.interop.one", "import gfloat\nimport ml_dtypes"),
    (adapter_complaints, "chopper_ext", "import torch"),
    (oracle_complaints, "tests.oracle", "from chopper.kernels.float import round_float"),
    (oracle_complaints, "tests.oracle", "import chopper"),
    (oracle_complaints, "tests.oracle", "def f():\n    from chopper import engine"),
    (oracle_complaints, "tests.oracle", "import ml_dtypes"),
    (upward_complaints, "chopper.testing", "from tests.oracle import rounded"),
    (upward_complaints, "chopper.conversion", "import chopper_ext.torch"),
]


@pytest.mark.parametrize(("judge", "name", "text"), CATCHES)
def test_each_rule_can_fail(judge, name: str, text: str) -> None:
    """A snippet that breaks the rule is caught."""
    assert judge(Module(name, text)) != []


PASSES = [
    (
        core_complaints,
        "chopper.formats.float",
        "from fractions import Fraction\nfrom chopper.errors import FormatError",
    ),
    (
        core_complaints,
        "chopper.kernels.float",
        "from typing import NamedTuple\nfrom chopper.kernels.carrier import split",
    ),
    (core_complaints, "chopper.engine.loops", "import numba\nimport numpy"),
    (framework_complaints, "chopper.conversion", "PRESETS = MappingProxyType({'torch': 1})"),
    (adapter_complaints, "chopper_ext.torch.layers", "import torch\nfrom chopper.errors import RangeError"),
    (adapter_complaints, "chopper_ext.interop.one", "import gfloat\nfrom gfloat import formats"),
    (oracle_complaints, "tests.oracle", "from fractions import Fraction\nfrom chopper.formats.base import Format"),
]


@pytest.mark.parametrize(("judge", "name", "text"), PASSES)
def test_what_is_allowed_passes(judge, name: str, text: str) -> None:
    """A snippet that keeps the rule is not caught."""
    assert judge(Module(name, text)) == []
