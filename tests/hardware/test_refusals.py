"""What units, conversions and instructions are not made for is refused: with the value, what is legal and the cure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chopper
from chopper import hardware
from chopper.errors import PolicyError, RangeError, UnknownUnitError, UnsupportedInputError
from chopper.hardware import (
    EvenOddChain,
    ExactSum,
    FusedChain,
    FusedSum,
    GroupedSum,
    IntegerSum,
    PairSum,
    PairTree,
    Rules,
    StagedSum,
    Unit,
    processor,
)

UNIT = "h100.wgmma.e4m3"
CODES = np.full((2, 32), 0x38, np.uint8)
LARGE = np.full((600, 512), 0x38, np.uint8)


@pytest.mark.parametrize("threads", [0, -1, True, 1.5, "2"])
def test_threads(threads: Any) -> None:
    """No call takes them for something else: of -1 threads none would do the work."""
    ones = np.ones((600, 512), np.float32)
    for call in (
        lambda: hardware.products(UNIT, LARGE, LARGE, threads=threads),
        lambda: chopper.matmul(ones, ones.T, accumulate=UNIT, threads=threads),
        lambda: chopper.matmul(ones, ones.T, threads=threads),
        lambda: chopper.dot(ones[0], ones[0], threads=threads),
        lambda: chopper.conv(ones[None, None], ones[None, None, :3, :3], threads=threads),
        lambda: chopper.encode(np.ones((2, 32), np.float32), "mxfp4").decode(threads=threads),
    ):
        with pytest.raises(UnsupportedInputError, match=r"threads=.* is not legal; legal: a positive integer or None"):
            call()


SINGLE, DOUBLE = FusedChain(), FusedChain((0,), Rules("fp64"))


@pytest.mark.parametrize(
    ("model", "formats", "text"),
    [
        (FusedSum(4, 20), ("posit8", "e4m3", "fp32"), "a='posit8' does not suit FusedSum; legal: floats"),
        (FusedSum(4, 20), ("e4m3", "fp32", "fp32"), "b='fp32' does not suit"),
        (FusedSum(4, 20), ("e4m3", "e4m3", "bf16"), "c='bf16' does not suit FusedSum; legal: 'fp32'"),
        (FusedSum(4, 20), ("e4m3", "e4m3", "fp16"), "with precision at most 11"),
        (FusedSum(4, 20), ("e4m3", "e4m3", "int32"), "c='int32'"),
        (StagedSum(4), ("e4m3", "e4m3", "fp16"), "c='fp16'"),
        (GroupedSum(64, 16, 35), ("e4m3", "e2m1", "fp32"), "a='e4m3'"),
        (GroupedSum(64, 16, 35), ("e2m1", "e2m1", "fp32"), "scale=''"),
        (IntegerSum(4), ("int4", "int8", "int32"), "legal: 'int8', 'uint8', 'int16'"),
        (IntegerSum(4), ("int8", "int8", "fp32"), "legal: 'int32'"),
        (PairSum(4), ("e4m3", "int8", "int32"), "a='e4m3'"),
        (SINGLE, ("fp16", "fp16", "fp16"), "c='fp16' does not suit FusedChain; legal: 'fp32'"),
        (SINGLE, ("tf32", "fp16", "fp32"), "a='tf32'"),
        (ExactSum(4), ("fp64", "fp64", "fp32"), "a='fp64'"),
        (DOUBLE, ("fp16", "fp64", "fp64"), "a='fp16' does not suit FusedChain; legal: 'fp64'"),
        ("sum", ("fp16", "fp16", "fp32"), "model='sum'"),
    ],
    ids=str,
)
def test_formats_suit_the_arithmetic(model: Any, formats: tuple[str, str, str], text: str) -> None:
    """A unit of the caller's own cannot read codes as those of another format."""
    with pytest.raises(PolicyError, match=text):
        Unit("mine.mma.x", *formats, 4, model, "", "literature", "")


def test_scales_suit_the_arithmetic() -> None:
    """Their format, and how many k share one."""
    mx, nv = hardware.unit("b200.tcgen05.mx_e4m3"), hardware.unit("b200.tcgen05.nv_e2m1")
    given = {name: getattr(mx, name) for name in ("a", "b", "c", "k", "instruction", "evidence", "source")}
    for changes, text in (
        ({"scale": "ue4m3", "block": 32}, "scale='ue4m3'"),
        ({"scale": "e8m0", "block": 0}, "block=0"),
        ({"scale": "", "block": 32}, "legal: 0, without scales"),
        ({"scale": "e8m0", "block": 32, "model": FusedSum(32, 25, order="quarters")}, "scale='e8m0'"),
        ({"scale": nv.scale, "block": 24, "model": nv.model, "a": "e2m1", "b": "e2m1"}, "a multiple of 16"),
        ({"k": 0}, "k=0"),
    ):
        with pytest.raises(PolicyError, match=text):
            Unit(**{"name": "mine.mma.x", "model": mx.model, **given, **changes})


def test_names_of_formats_are_their_own() -> None:
    """Other names of a format are the same unit: no name is compared as a text."""
    unit = Unit("mine.mma.x", "INT8", "uint-8", "Int32", 4, IntegerSum(4), "", "literature", "")
    assert (unit.a, unit.b, unit.c) == ("int8", "uint8", "int32")
    a, b = np.array([[-1, 2]], np.int8), np.array([[255, 1]], np.uint8)
    assert hardware.products(unit, a, b).view(np.int32).item() == -253
    half = Unit("mine.mma.y", "E5M10", "float16", "float32", 4, FusedSum(4, 24), "", "literature", "")
    assert chopper.matmul([[1.5]], [[2.0]], accumulate=half) == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: GroupedSum(64, 48, 35),
        lambda: GroupedSum(64, 16, 35, "low"),
        lambda: StagedSum(4, split=1),
        lambda: FusedChain((0.0, 1.0)),
        lambda: FusedChain((False, True)),
        lambda: FusedChain(([],)),
        lambda: FusedChain((0,), "x86"),
        lambda: EvenOddChain(2, None),
        lambda: PairTree(2, "yes"),
        lambda: PairTree(2, 1),
    ],
)
def test_models(make: Any) -> None:
    """Fields that are of another kind altogether."""
    with pytest.raises(PolicyError, match=r"legal|multiple"):
        make()


def test_options_of_a_unit_of_the_callers_own() -> None:
    """It is in no table, and can have options all the same."""
    own = Unit("mine.mma.e4m3", "e4m3", "e4m3", "fp32", 32, FusedSum(32, 25), "", "literature", "")
    made = hardware.unit(own, promote=64)
    assert (made.name, made.model.promote) == ("mine.mma.e4m3<promote=64>", 64)
    for tail in ("<", "<>", "<promote>", "<promote=64,promote=128>", f"<promote={'9' * 5000}>", "<promote=64=64>"):
        with pytest.raises(UnknownUnitError, match="promote=128"):
            hardware.unit(f"{UNIT}{tail}")
    assert hardware.unit(f" {UNIT} < promote = 64 > ").model.promote == 64


def test_codes() -> None:
    """Masked and ragged arrays; both orders of bytes are fine."""
    for wrong in (np.ma.masked_array(CODES, True), [[1], [1, 2]]):
        with pytest.raises(UnsupportedInputError):
            hardware.products(UNIT, wrong, CODES)
    signed = np.array([[-2, 3]], ">i2")
    assert hardware.products("x86.vpdpwssd.int16", signed, signed).view(np.int32).item() == 13
    with pytest.raises(UnsupportedInputError, match="masked"):
        hardware.products("x86.vpdpwssd.int16", np.ma.masked_array(signed, True), signed)


def test_numbers() -> None:
    """Integers that float64 does not hold, and sequences of unequal lengths."""
    one = np.array([[1]])
    for number in (np.array([[2**53 + 1]]), np.array([[2**64 - 1]], np.uint64)):
        with pytest.raises(RangeError, match="no exact float64"):
            chopper.matmul(number, one, accumulate="h100.mma.fp64")
    with pytest.raises(UnsupportedInputError, match="cannot make an array"):
        chopper.matmul([[1], [1, 2]], one, accumulate=UNIT)
    with pytest.raises(UnsupportedInputError, match=r"a holds 0\.1, which"):
        chopper.matmul([[0.1]], one, accumulate=UNIT)


def test_conversions() -> None:
    """Both orders of bytes are float32; other dtypes are told the cure; masks are not dropped."""
    cast = hardware.conversion(" X86.VCVTNEPS2BF16 ")
    assert hardware.conversion("x86.vcvtps2ph.nearest-even").rounding == "nearest_even"
    for wrong in (None, 3, "nonsense"):
        with pytest.raises(UnknownUnitError, match=r"hardware\.conversions\(\)"):
            hardware.conversion(wrong)  # type: ignore[arg-type]
    assert cast.encode(np.array([1.5, 2.0**-127], ">f4")).tolist() == [0x3FC0, 0]
    with pytest.raises(UnsupportedInputError, match=r"float64; convert it with astype\(numpy\.float32\)"):
        cast.encode([1.0])
    with pytest.raises(UnsupportedInputError, match="masked"):
        cast.chop(np.ma.masked_array(np.ones(2, np.float32), True))


HALVES, COLUMNS, SUMS = np.zeros((1, 1, 2), np.uint16), np.zeros((1, 16, 2), np.uint16), np.zeros((1, 1, 16), np.uint32)
FLOATS = np.ones(16, np.float32)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: processor.missing(None), "not known"),
        (lambda: processor.missing([]), "not known"),
        (lambda: processor.operate("tdpbf16ps", FLOATS, FLOATS, FLOATS), "use products"),
        (lambda: processor.operate("vdpbf16ps", FLOATS), "takes 3 operands"),
        (lambda: processor.operate("vdpbf16ps"), "takes 3 operands"),
        (lambda: processor.operate("add.ps.up", FLOATS, FLOATS[:4]), "as many bytes"),
        (lambda: processor.operate("add.ps.up", FLOATS[:4], FLOATS), "as many bytes"),
        (lambda: processor.operate("add.ps.up", np.ones(8), np.ones(8)), "float64"),
        (lambda: processor.products("add.ps.up", HALVES, COLUMNS, SUMS), "use operate"),
        (lambda: processor.products("nonsense", HALVES, COLUMNS, SUMS), "not known"),
        (lambda: processor.products("vdpbf16ps", HALVES.astype(float), COLUMNS, SUMS), "legal: integers of 16 bits"),
        (lambda: processor.products("vdpbf16ps", HALVES, COLUMNS.astype(np.uint8), SUMS), "b has dtype uint8"),
        (lambda: processor.products("vdpbf16ps", HALVES, COLUMNS, SUMS.astype(np.uint16)), "integers of 32 bits"),
        (lambda: processor.products("vdpbf16ps", HALVES, COLUMNS, np.uint32(0)), "do not fit"),
    ],
)
def test_instructions(call: Any, text: str) -> None:
    """Names, counts, sizes and dtypes are checked before anything runs, whatever the processor has."""
    with pytest.raises(UnsupportedInputError, match=text):
        call()


def test_instructions_at_edges() -> None:
    """No terms, no tiles, either order of bytes; what is added to is not the result."""
    if processor.missing("vdpbf16ps") is None:
        found = processor.products("vdpbf16ps", HALVES[..., :0], COLUMNS[..., :0], SUMS)
        assert found is not SUMS and not found.any()
        ones = (HALVES + 0x3F80).astype(">u2"), COLUMNS + 0x3F80
        assert (processor.products("vdpbf16ps", *ones, SUMS).view(np.float32) == 2).all()
    if processor.missing("tdpbf16ps") is None:
        none = np.zeros((0, 16, 32), np.uint16)
        assert processor.products("tdpbf16ps", none, none, np.zeros((0, 16, 16), np.uint32)).shape == (0, 16, 16)
    if processor.missing("add.ps.up") is None:
        assert processor.operate("add.ps.up", FLOATS.astype(">f4"), FLOATS).view(np.float32)[0] == 2
