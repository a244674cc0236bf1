"""The table of units: names, evidence, options, and what the command shows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import chopper
from chopper import Accumulator, hardware
from chopper.errors import OutputError, PolicyError, RangeError, UnknownUnitError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.hardware.base import EVIDENCE

UNITS = hardware.units()


def test_names_are_unique() -> None:
    """No two units share a name, and a name leads back to its unit."""
    names = [name for one in UNITS for name in (one.name, *one.aliases)]
    assert len(set(names)) == len(names)
    for one in UNITS:
        assert all(hardware.unit(name) is one for name in (one.name, *one.aliases, one.name.upper()))


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_rows(unit: hardware.Unit) -> None:
    """Names say formats, formats exist, evidence is of the known kinds, and there is a source."""
    device, instruction, operands, *rest = unit.name.split(".")
    assert device and instruction and operands.endswith(unit.b)
    assert rest in ([], [unit.c], ["satfinite"]) and all(map(get, (unit.a, unit.b, unit.c)))
    assert unit.evidence in EVIDENCE and unit.source and unit.instruction and unit.k >= 1
    codes = np.zeros((1, unit.k), f"u{4 if unit.a == 'tf32' else max(get(unit.a).bits, 8) // 8}")
    scales = None if not unit.scale else (np.zeros((1, -(-unit.k // unit.block)), np.uint8),) * 2
    assert hardware.products(unit, codes, codes, scales=scales).tolist() == [[0]]


def test_unknown_names() -> None:
    """The nearest names are in the message."""
    with pytest.raises(UnknownUnitError, match=r"'h100\.wgmma\.e4m3'"):
        hardware.unit("h100.wgma.e4m3")
    with pytest.raises(UnknownUnitError, match="promote=128"):
        hardware.unit("h100.wgmma.e4m3<promote>")
    with pytest.raises(UnknownUnitError):
        hardware.unit(3)  # type: ignore[arg-type]


def test_promotion() -> None:
    """An option makes another unit, whose name leads back to it."""
    unit = hardware.unit("h200.wgmma.e4m3", promote=128)
    assert unit.name == "h100.wgmma.e4m3<promote=128>" and hardware.unit(unit.name) == unit
    assert unit.model == hardware.unit("h100.cublas.e4m3").model
    assert hardware.unit(unit, promote=None) == hardware.unit("h100.wgmma.e4m3<promote=64>", promote=None)
    for name, options, text in (
        ("h100.mma.e4m3", {"promote": 64}, "no option"), ("h100.wgmma.e4m3", {"promote": 48}, "multiple"),
        ("h100.mma.int8", {"promote": 64}, "no option"), ("h100.wgmma.e4m3", {"terms": 4}, "legal: promote"),
    ):  # fmt: skip
        with pytest.raises(PolicyError, match=text):
            hardware.unit(name, **options)


def test_matmul_is_products() -> None:
    """Numbers are codes decoded; c, out, dot and vectors too."""
    rng = np.random.default_rng(1)
    a, b = (chopper.chop(rng.standard_normal(shape).astype(np.float32), "e4m3") for shape in ((3, 4, 40), (40, 6)))
    c = rng.standard_normal((4, 6)).astype(np.float32)
    unit = hardware.unit("h100.wgmma.e4m3")
    codes = chopper.encode(a, "e4m3"), np.ascontiguousarray(chopper.encode(b, "e4m3").T)
    want = hardware.products(unit, *codes, c.view(np.uint32)).view(np.float32)
    out = np.empty((3, 4, 6), np.float32)
    assert chopper.matmul(a, b, c, accumulate=unit, out=out, threads=1) is out
    assert (out.view(np.uint32) == want.view(np.uint32)).all()
    assert chopper.matmul(a, b, c, accumulate="h100.wgmma.e4m3").tobytes() == want.tobytes()
    assert chopper.dot(a[1, 2], b[:, 3], c[2, 3], accumulate=unit) == want[1, 2, 3]
    assert chopper.matmul(a.astype(np.float64), b, accumulate=unit).dtype == np.float64
    assert chopper.matmul(a[:, :0], b, accumulate=unit).shape == (3, 0, 6)
    assert chopper.matmul(a[..., :0], b[:0], c, accumulate=unit).tobytes() == np.broadcast_to(c, (3, 4, 6)).tobytes()


def test_matmul_of_integers_and_tf32() -> None:
    """Integers come as any dtype; of tf32 the low bits do not count."""
    rng = np.random.default_rng(2)
    a, b = rng.integers(-128, 128, (5, 70)), rng.integers(-128, 128, (70, 3))
    for kind in (np.int8, np.int64, np.float32):
        got = chopper.matmul(a.astype(kind), b.astype(kind), accumulate="h100.wgmma.int8")
        assert (got == a @ b).all() and got.dtype == np.float64
    x, y = (rng.standard_normal(shape).astype(np.float32) for shape in ((5, 70), (70, 3)))
    cut = (z.view(np.uint32) & np.uint32(0xFFFFE000) for z in (x, y))
    want = chopper.matmul(*(z.view(np.float32) for z in cut), accumulate="h100.wgmma.tf32")
    assert chopper.matmul(x, y, accumulate="h100.wgmma.tf32").tobytes() == want.tobytes()


def test_what_matmul_refuses() -> None:
    """Numbers of other formats, modes of accumulators, memory of the operands."""
    a = np.ones((4, 4), np.float32)
    for bad, unit in ((a * 0.1, "h100.wgmma.e4m3"), (a * np.inf, "h100.wgmma.e4m3"), (a / 2, "h100.wgmma.int8")):
        with pytest.raises(UnsupportedInputError, match="round it first"):
            chopper.matmul(bad, a, accumulate=unit)
    with pytest.raises(UnsupportedInputError, match="mode"):
        chopper.matmul(a, a, accumulate="h100.wgmma.e4m3", mode="exact")
    with pytest.raises(OutputError):
        chopper.matmul(a, a, accumulate="h100.wgmma.e4m3", out=a)
    with pytest.raises(UnsupportedInputError, match="no Unit"):
        chopper.matmul(a, a, accumulate=3)  # type: ignore[arg-type]
    assert chopper.matmul(a, a, accumulate=Accumulator()).tolist() == (4 * a).tolist()


def test_what_products_refuses() -> None:
    """Shapes, codes and dtypes that do not fit."""
    codes = np.zeros((2, 32), np.uint8)
    for a, b, c in ((codes, codes[:, :8], None), (codes[0], codes, None), (codes, codes, np.zeros((3, 3), np.uint32)),
                    (np.zeros((2, 2, 32), np.uint8), np.zeros((3, 2, 32), np.uint8), None),
                    (codes.astype(float), codes, None)):  # fmt: skip
        with pytest.raises(UnsupportedInputError):
            hardware.products("h100.wgmma.e4m3", a, b, c)
    with pytest.raises(RangeError, match="not a code"):
        hardware.products("h100.wgmma.e4m3", codes + np.int64(256), codes)
    with pytest.raises(RangeError, match="not a code"):
        hardware.products("b200.tcgen05.e2m1", codes + np.uint8(16), codes)


def test_shapes_and_signed_codes() -> None:
    """Leading axes broadcast, nothing to add gives what is added to, int8 comes signed or unsigned."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(-128, 128, (3, 1, 4, 40), dtype=np.int8), rng.integers(-128, 128, (2, 5, 40), dtype=np.int8)
    got = hardware.products("h100.wgmma.int8", a, b).view(np.int32)
    assert (got == np.einsum("...mk,...nk->...mn", a.astype(np.int32), b.astype(np.int32))).all()
    assert (hardware.products("h100.wgmma.int8", a.view(np.uint8), b.view(np.uint8)).view(np.int32) == got).all()
    c = np.arange(20, dtype=np.int32).reshape(4, 5)
    assert (hardware.products("h100.wgmma.int8", a, b, c).view(np.int32) == got + c).all()
    none = np.zeros((2, 0), np.uint8)
    assert hardware.products("h100.wgmma.e4m3", none, none, np.full((2, 2), 7, np.uint32)).tolist() == [[7, 7]] * 2
    assert hardware.products("h100.wgmma.e4m3", none[:0], none).shape == (0, 2)


def test_the_command() -> None:
    """Every unit can be listed and described."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from chopper.cli import app

    def call(*args: str) -> str:
        result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).invoke(app, list(args))
        assert result.exit_code == 0, result.output
        return result.stdout

    text = call("units", "h100.wgmma")
    assert "h100.wgmma.e4m3_e5m2.fp16" in text and "b200" not in text
    assert "h100.wgmma.e4m3" in call("units", "h200")
    text = call("info", "h200.wgmma.e4m3")
    assert all(part in text for part in ("measured", "fraction", "13", "FusedSum", "h200.wgmma.e4m3"))
    for one in UNITS[:: len(UNITS) // 20]:
        assert one.name in call("info", one.name)


def test_the_page(root: Path) -> None:
    """The table of the page lists every device and instruction, with what stands behind it."""
    text = (root / "docs" / "hardware.md").read_text(encoding="utf-8")
    found = set(re.findall(r"`([a-z0-9]+\.[a-z0-9]+)`", text))
    missing = {one.name.rpartition(".")[0] for one in UNITS if one.name.count(".") == 2} - found
    assert not {name for name in missing if name.count(".") == 1}, missing
