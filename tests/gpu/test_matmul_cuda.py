"""Matrix products of CUDA tensors, by models of matrix units and by accumulators: the bits of the loops on the host."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
from chopper import hardware  # noqa: E402
from tests.adapters.torch.matrices import ACCUMULATORS, KINDS, distinct, factors, matrices  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed"),
    pytest.mark.filterwarnings("default"),  # versions of torch and Triton differ between machines
]

SUBJECT = "matrix products of CUDA tensors against the host"
DEVICE = torch.device("cuda")
KEY = 2**63 + 11
SHAPES = ((1, 1, 1), (33, 70, 45), (64, 256, 96))
NAMES = ("h100.wgmma.e4m3", "h100.wgmma.e4m3_e5m2", "h100.wgmma.e5m2.fp16", "h100.mma.e4m3", "h100.mma.e5m2.fp16",
         "h100.wgmma.fp16", "h100.wgmma.fp16.fp16", "h100.wgmma.bf16", "h100.wgmma.tf32", "h100.cublas.e4m3",
         "v100.mma.fp16", "a100.mma.bf16", "h100.wgmma.int8", "h100.wgmma.int8.satfinite")  # fmt: skip

PAIRS = (
    ((7, 5, 40), (40, 6)),
    ((7, 5, 40), (7, 40, 6)),
    ((3, 1, 5, 40), (7, 40, 6)),
    ((40,), (40, 6)),
    ((7, 5, 40), (40,)),
    ((40,), (40,)),
    ((5, 0), (0, 6)),
    ((0, 40), (40, 6)),
    ((1, 5, 40), (7, 40, 6)),
)


def compare(unit, shapes, tally):
    for shape in shapes:
        for kind in KINDS:
            a, b, c = matrices(unit, shape, kind)
            for addend in (None, c):
                with np.errstate(all="ignore"):
                    want = chopper.matmul(a, b, addend, accumulate=unit)
                on = [None if x is None else torch.from_numpy(x).to(DEVICE) for x in (a, b, addend)]
                got = chopper.matmul(*on, accumulate=unit)
                assert got.device.type == "cuda"
                tally.same(got.cpu().numpy(), want, fmt=str(unit), about=f"{kind} {shape}")


@pytest.mark.parametrize("name", NAMES)
def test_units(name, tally):
    compare(hardware.unit(name), SHAPES, tally)


@pytest.mark.exhaustive  # by its time
@pytest.mark.parametrize("unit", distinct(), ids=str)
def test_every_unit(unit, tally):
    compare(unit, SHAPES, tally)


@pytest.mark.parametrize("accumulate", ACCUMULATORS, ids=str)
def test_accumulators(accumulate, tally):
    for shape in SHAPES:
        for kind in ("normal", "spread", "special"):
            a, b, c = factors(shape, kind)
            for addend in (None, c):
                with np.errstate(all="ignore"):
                    want = chopper.matmul(a, b, addend, accumulate=accumulate, key=KEY)
                on = [None if x is None else torch.from_numpy(x).to(DEVICE) for x in (a, b, addend)]
                got = chopper.matmul(*on, accumulate=accumulate, key=KEY)
                assert got.device.type == "cuda"
                tally.same(got.cpu().numpy(), want, fmt=str(accumulate), about=f"{kind} {shape}")


def test_words_of_batches(tally):
    accumulate = chopper.Accumulator(sum="bf16", rounding="stochastic")
    rng = np.random.default_rng(3)
    for a, b in PAIRS:
        x, y = (rng.standard_normal(shape).astype(np.float32) for shape in (a, b))
        want = np.asarray(chopper.matmul(x, y, accumulate=accumulate, key=KEY))
        on = [torch.from_numpy(side).to(DEVICE) for side in (x, y)]
        tally.same(chopper.matmul(*on, accumulate=accumulate, key=KEY).cpu().numpy(), want, about=f"{a} {b}")


def test_what_the_host_does():
    """Orders without a kernel go by the host, with the same bits."""
    x = torch.randn(20, 30, device=DEVICE)
    for accumulate in (
        chopper.Accumulator(sum="bf16", order="pairwise"),
        chopper.Accumulator(sum="exact", result="fp32"),
        chopper.Accumulator(sum="fp16", compensated="kahan"),
        chopper.Accumulator(sum="fp64"),
    ):
        got = chopper.matmul(x, x.T, accumulate=accumulate)
        want = chopper.matmul(x.cpu().numpy(), x.cpu().numpy().T, accumulate=accumulate)
        assert np.array_equal(got.cpu().numpy(), want)


def test_shapes(tally):
    unit = "h100.wgmma.fp16"
    rng = np.random.default_rng(1)
    for a, b in PAIRS:
        x, y = (chopper.chop(rng.standard_normal(shape).astype(np.float32), "fp16") for shape in (a, b))
        want = np.asarray(chopper.matmul(x, y, accumulate=unit))
        on = [torch.from_numpy(side).to(DEVICE) for side in (x, y)]
        for sides in (on, [side.half() for side in on]):
            got = chopper.matmul(*sides, accumulate=unit)
            assert tuple(got.shape) == want.shape
            tally.same(got.cpu().numpy(), want, about=f"{a} {b}")
        if max(len(a), len(b)) <= 2:
            tally.same(chopper.dot(*on, accumulate=unit).cpu().numpy(), want, about=f"dot {a} {b}")
    out = torch.empty(5, 6, device=DEVICE)
    assert chopper.matmul(on[0][0], on[1][0], accumulate=unit, out=out) is out
    tally.same(out.cpu().numpy(), want[0])


def test_views_and_small_dtypes(tally):
    x = torch.randn(64, 96, device=DEVICE)
    codes = chopper.chop(x, "e4m3")
    want = chopper.matmul(codes.cpu().numpy(), codes.cpu().numpy().T, accumulate="h100.wgmma.e4m3")
    for side in (codes, codes.to(torch.bfloat16), codes.to(torch.float8_e4m3fn), codes.double()):
        got = chopper.matmul(side, side.T, accumulate="h100.wgmma.e4m3")
        assert got.dtype == (torch.float64 if side.dtype == torch.float64 else torch.float32)
        tally.same(got.cpu().float().numpy(), want, about=side.dtype)


def test_errors():
    x = torch.full((4, 4), 0.3, device=DEVICE)
    with pytest.raises(chopper.UnsupportedInputError, match="no number of e4m3"):
        chopper.matmul(x, x, accumulate="h100.wgmma.e4m3")
    with pytest.raises(chopper.UnsupportedInputError, match="do not go together"):
        chopper.matmul(x, x[:3], accumulate="h100.wgmma.bf16")
    out = torch.full((3, 4), 7.0, device=DEVICE)
    with pytest.raises(chopper.OutputError):
        chopper.matmul(x, x, accumulate="h100.wgmma.tf32", out=out)
    assert (out == 7).all()


def test_gradients():
    a = chopper.chop(torch.randn(8, 16, device=DEVICE), "bf16").requires_grad_()
    b = chopper.chop(torch.randn(16, 4, device=DEVICE), "bf16").requires_grad_()
    chopper.matmul(a, b, accumulate="h100.wgmma.bf16").sum().backward()
    ones = torch.ones(8, 4, device=DEVICE)
    assert torch.equal(a.grad, ones @ b.detach().T)
    assert torch.equal(b.grad, a.detach().T @ ones)


def test_captured_graph():
    """Tensors of the unit's own dtype need no look at their numbers, so that nothing waits."""
    a, b = (torch.randn(64, 64, device=DEVICE).to(torch.bfloat16) for _ in range(2))
    chopper.matmul(a, b, accumulate="h100.wgmma.bf16")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = chopper.matmul(a, b, accumulate="h100.wgmma.bf16")
    a.copy_(torch.randn(64, 64))
    graph.replay()
    want = chopper.matmul(a.cpu(), b.cpu(), accumulate="h100.wgmma.bf16")
    assert torch.equal(out.cpu().view(torch.int32), want.view(torch.int32))


def test_the_device_itself(tally):
    """Where the device is a Hopper, its own products of torch agree with the model."""
    if torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("there is no model of what torch runs on this device")
    a, b = (torch.randn(128, 256, device=DEVICE) for _ in range(2))
    x, y = (side.to(torch.float8_e4m3fn) for side in (a, b))
    one = torch.ones((), device=DEVICE)
    for fast, unit in ((True, "h100.wgmma.e4m3"), (False, "h100.cublas.e4m3")):
        want = torch._scaled_mm(x, y.T, one, one, out_dtype=torch.float32, use_fast_accum=fast)
        tally.same(chopper.matmul(x, y.T, accumulate=unit).cpu().numpy(), want.cpu().numpy(), fmt=unit)
