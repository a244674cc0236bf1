"""What describes formats is data: reading it runs no code of whoever wrote it."""

from __future__ import annotations

import ast
import io
import json
import pickle
from enum import Enum
from pathlib import Path

import pytest

import chopper
from chopper.errors import ChopperError
from chopper.formats.base import Format

RUNNERS = {"eval", "exec", "compile", "__import__"}
"""Builtins that run what a text says."""


class Careful(pickle.Unpickler):
    """Loads formats and what they are made of, and nothing else."""

    def find_class(self, module: str, name: str) -> type:
        """Return a class of chopper's formats, or a Fraction."""
        found = super().find_class(module, name)
        if (module, name) == ("fractions", "Fraction"):
            return found
        assert module.startswith("chopper."), (module, name)
        assert isinstance(found, type)
        assert issubclass(found, (Format, Enum)) or module.startswith("chopper.formats."), (module, name)
        return found


@pytest.mark.parametrize("fmt", list(chopper.formats()), ids=str)
def test_pickles_name_formats_alone(fmt: Format) -> None:
    """A reader that admits classes of formats, and no functions, reads every format back."""
    assert Careful(io.BytesIO(pickle.dumps(fmt))).load() == fmt


@pytest.mark.parametrize(
    "text",
    [
        '{"family": "float", "exponent_bits": "__import__(\'os\').getpid()", "precision": 4}',
        '{"family": "os.system", "exponent_bits": 4, "precision": 4}',
        '{"family": "float", "exponent_bits": 4, "precision": 4, "__class__": "os"}',
        '{"family": "float", "exponent_bits": {"a": 1}, "precision": 4}',
        '{"family": "codebook", "values": ["1+1"]}',
        "{}",
    ],
)
def test_fields_from_json_are_checked(text: str) -> None:
    """Texts where numbers belong, and unknown families and fields, are errors of chopper's own."""
    with pytest.raises(ChopperError):
        chopper.register("untrusted", json.loads(text))


@pytest.mark.parametrize("name", ["e4m3<__import__('os')>", "fixed<os.getpid(),4>", "e4m3<bias=1+1>", "codebook<{}>"])
def test_names_are_no_code(name: str) -> None:
    """The grammar knows numbers and words."""
    with pytest.raises(ChopperError):
        chopper.get(name)


def test_nothing_runs_texts(root: Path) -> None:
    """No module of the library calls what runs a text or loads a pickle."""
    found = []
    for path in [*(root / "chopper").rglob("*.py"), *(root / "chopper_ext").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in RUNNERS or called.startswith(("pickle.load", "marshal.load")):
                    found.append(f"{path.relative_to(root)}:{node.lineno}: {called}")
    assert found == []
