"""torch's own products on this processor: they chain the tiles of AMX in order of k."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from chopper import encode, hardware
from chopper.errors import UnsupportedInputError
from chopper.verify.hardware.comparison import compare
from chopper_ext.probes.cpu import TorchProduct, cpu_probes
from tests.tally import Tally

SUBJECT = "torch's products on tiles of this processor"
SHAPES = [
    (16, 32, 16),
    (16, 64, 16),
    (64, 256, 64),
    (128, 1024, 64),
    (16, 4096, 16),
    (1, 256, 64),
    (64, 37, 48),
    (64, 100, 64),
]


@pytest.fixture
def torch() -> Iterator[Any]:
    """Return torch, where it multiplies in tiles, on one thread: on several, oneDNN cuts a long K in two."""
    reason = TorchProduct(64).missing()
    if reason:
        pytest.skip(reason)
    found = pytest.importorskip("torch")
    before = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(before)


@pytest.mark.parametrize("probe", [one for one in cpu_probes() if not one.adds], ids=lambda one: one.label)
def test_float32_by_way_of_bfloat16(probe: Any, tally: Tally) -> None:
    """Results in float32 hide nothing."""
    found = compare(probe, 8192)
    if found.reason:
        pytest.skip(found.reason)
    tally.note(found.results, probe.unit, wrong=found.wrong)
    assert found.wrong == 0, found.examples


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bfloat16(shape: tuple[int, int, int], torch: Any, tally: Tally) -> None:
    """The sum of the chain, rounded to bfloat16; half of the products cancel the others, or all would round alike."""
    m, k, n = shape
    rng = np.random.default_rng(k)
    unit = hardware.unit("x86.tdpbf16ps.bf16")
    count = 40 if m * k * n < 1 << 20 else 4
    wrong = total = 0
    for _ in range(count):
        a, b = (
            encode((rng.standard_normal(s) * 2.0 ** rng.integers(-8, 9, s)).astype(np.float32), "bf16")
            for s in ((m, k), (n, k))
        )
        half = k // 2
        order = rng.permutation(half)
        a[:, half : 2 * half], b[:, half : 2 * half] = a[:, order] ^ np.uint16(0x8000), b[:, order]
        a[:, 0] ^= np.uint16(1)
        x, y = (torch.from_numpy(codes.view(np.int16)).view(torch.bfloat16) for codes in (a, b))
        got = (x @ y.t()).view(torch.int16).numpy().view(np.uint16)
        want = encode(hardware.products(unit, a, b).view(np.float32), "bf16")
        wrong, total = wrong + int((got != want).sum()), total + got.size
    tally.note(total, unit.name, wrong=wrong)
    assert wrong == 0


def test_two_threads(torch: Any, tally: Tally) -> None:
    """On two threads the halves of a long K are two chains, whose sum is rounded to float32 and then to bfloat16.

    Which products are cut is the library's choice, so one of the two must hold.
    """
    torch.set_num_threads(2)
    unit = hardware.unit("x86.tdpbf16ps.bf16")
    rng = np.random.default_rng(7)
    a, b = (encode(rng.standard_normal(s).astype(np.float32), "bf16") for s in ((128, 1024), (64, 1024)))
    a[:, 512:], b[:, 512:] = a[:, 511::-1] ^ np.uint16(0x8000), b[:, 511::-1]
    a[:, 0] ^= np.uint16(1)
    x, y = (torch.from_numpy(codes.view(np.int16)).view(torch.bfloat16) for codes in (a, b))
    got = (x @ y.t()).view(torch.int16).numpy().view(np.uint16)
    whole = encode(hardware.products(unit, a, b).view(np.float32), "bf16")
    halves = [
        hardware.products(unit, a[:, part], b[:, part]).view(np.float32) for part in (slice(512), slice(512, None))
    ]
    cut = encode(halves[0] + halves[1], "bf16")
    tally.note(got.size, unit.name)
    assert (whole != cut).any() and ((got == whole).all() or (got == cut).all())


def test_a_c_is_refused(torch: Any) -> None:
    """The product adds nothing, and says so."""
    codes = np.zeros((1, 64, 64), np.uint16)
    with pytest.raises(UnsupportedInputError, match="pass zeros"):
        TorchProduct(64).products(codes, codes, np.ones((1, 64, 64), np.uint32))
