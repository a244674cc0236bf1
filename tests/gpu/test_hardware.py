"""Matrix and conversion instructions of the GPU against the models: at least a million results of each unit."""

from __future__ import annotations

import os
from typing import Any

import pytest

from chopper import hardware
from chopper.verify.hardware import compare, conversion_probes, convert, probes

torch = pytest.importorskip("torch")

SUBJECT = "instructions of the GPU against the models"
ROWS = int(os.environ.get("CHOPPER_ROWS", "100000"))
"""Results of each class of inputs; of sums of more than 32 terms there are fewer in proportion."""

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.filterwarnings("default"),
]
KNOWN = {name for one in hardware.units() for name in (one.name, *one.aliases)}
GPU = [one for one in probes() if one.unit in KNOWN and one.unit.split(".")[0] not in ("x86", "arm")]


def here(found: tuple[Any, ...] | list[Any]) -> list[Any]:
    """Return the probes that this device can run."""
    return [one for one in found if torch.cuda.is_available() and one.missing() is None]


@pytest.mark.parametrize("probe", here(GPU), ids=lambda one: f"{one.unit}, {one.label}")
def test_products(probe: Any, tally: Any) -> None:
    """Every result is the model's, bit for bit, in every class of inputs."""
    unit = hardware.unit(probe.unit)
    rows = ROWS * {"int32": 4, "fp64": 0.05}.get(unit.c, 1) * (4 if probe.shape[2] > 200 else 1)
    found = compare(probe, int(rows), key=1)
    tally.note(found.results, probe.unit, wrong=found.wrong)
    assert (found.reason, found.examples) == ("", [])
    assert found.wrong == 0 < found.results


@pytest.mark.parametrize("probe", here(conversion_probes()), ids=lambda one: one.name)
def test_conversions(probe: Any, tally: Any) -> None:
    """Every code is the one that chopper gives."""
    found = convert(probe, 1 << 24, key=1)
    tally.note(found.results, probe.target, wrong=found.wrong)
    assert (found.reason, found.examples, found.wrong) == ("", [], 0)


def test_a_hopper_gpu_runs_its_units() -> None:
    """On a Hopper GPU every unit of mma and wgmma that has a probe runs: none is left out by mistake."""
    if torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("this is no Hopper GPU")
    ran = {one.unit for one in here(GPU)}
    wanted = {one.name for one in hardware.units() if one.name.startswith(("h100.mma", "h100.wgmma", "h100.cublas"))}
    assert wanted - ran == set()
