"""An array brings its own framework in, and no other."""

from __future__ import annotations

import json

import pytest

from tests.architecture.test_startup import run

FRAMEWORKS = ("dask", "jax", "torch")
ARRAYS = {
    "numpy": "numpy.ones(3)",
    "jax": "jax.numpy.ones(3)",
    "dask": "dask.array.ones(3)",
}
CODE = """
import json, sys, chopper, {module}
chopper.chop({array}, "e4m3")
print(json.dumps([name for name in {frameworks} if name in sys.modules]))
"""


@pytest.mark.parametrize("package", ARRAYS)
def test_one_framework_at_a_time(package: str) -> None:
    """Rounding an array loads the adapter of its framework, and no other framework."""
    pytest.importorskip(package)
    module = "dask.array" if package == "dask" else package
    found = json.loads(run(CODE.format(module=module, array=ARRAYS[package], frameworks=FRAMEWORKS)))
    assert found == [package] * (package != "numpy")
