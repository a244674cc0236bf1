"""CUDA tensors: the bits of NumPy, by Triton and by torch's operators; gradients and graphs on the device."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import chopper  # noqa: E402
import chopper_ext.torch as adapter  # noqa: E402
from chopper.engine.backend import Draw, Request  # noqa: E402
from chopper_ext.torch import programs  # noqa: E402
from tests.adapters.inputs import difficult, holds, named  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.filterwarnings("default"),  # versions of torch and Triton differ between machines
]

SUBJECT = "CUDA tensors against NumPy"
DEVICE = torch.device("cuda")
KEY, OFFSET, SIZE = 2**63 + 5, 2**32 - 5000, 20_000
NAMES = ("e4m3", "bf16", "e5m2fnuz", "e8m0", "bf16<subnormals=round>", "posit8", "posit16", "posit<8,2,underflow=zero>",
         "int8", "fixed<4,4>", "nf4", "dynamic8", "hif8", "lns8")  # fmt: skip
SOME = ("nearest_even", "up", "stochastic")


def known(names):
    """Return the names that mean something in this version."""
    found = []
    for name in names:
        try:
            found.append(str(chopper.get(name)))
        except chopper.ChopperError:
            continue
    return found


def compare(name, dtype, modes, tally):
    fmt = chopper.get(name)
    xs = difficult(fmt, dtype, SIZE)
    x = torch.from_numpy(xs).to(DEVICE)
    for mode in modes:
        draw = {"key": KEY, "offset": OFFSET} if chopper.Rounding.parse(mode).random else {}
        for call in (chopper.chop, chopper.encode):
            try:
                want = call(xs, fmt, mode, **draw)
            except chopper.RangeError:
                with pytest.raises(chopper.RangeError):
                    call(x, fmt, mode, **draw)
                continue
            got = call(x, fmt, mode, **draw)
            assert got.device.type == DEVICE.type
            tally.same(got.cpu().numpy(), want, xs, fmt=fmt, mode=mode, about=call.__name__)
    if holds(fmt, dtype):
        codes = np.arange(1 << min(fmt.bits, 16)).astype(f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")
        got = chopper.decode(torch.from_numpy(codes).to(DEVICE), fmt, getattr(torch, dtype))
        tally.same(got.cpu().numpy(), chopper.decode(codes, fmt, dtype), codes, fmt=fmt, about="decode")


@pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", known(NAMES))
def test_by_triton(name, dtype, tally):
    compare(name, dtype, SOME, tally)


@pytest.mark.exhaustive  # by its time
@pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [str(fmt) for fmt in named("float64", at_length=True)])
def test_everything_by_triton(name, dtype, tally):
    compare(name, dtype, list(chopper.Rounding), tally)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", known(NAMES))
def test_by_operators(name, dtype, tally, monkeypatch):
    monkeypatch.setattr(programs, "_has_triton", lambda: False)
    compare(name, dtype, list(chopper.Rounding), tally)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_small_dtypes(dtype, tally):
    xs = torch.arange(0, 1 << 16, dtype=torch.int32).to(torch.int16).view(getattr(torch, dtype))
    for name in ("e4m3", "fp16", "int8") if dtype == "float16" else ("e4m3", "bf16", "posit8"):
        for mode in ("nearest_even", "stochastic"):
            want = chopper.chop(xs, name, mode, key=KEY)
            got = chopper.chop(xs.to(DEVICE), name, mode, key=KEY).cpu()
            assert got.dtype == xs.dtype
            tally.same(got.float().numpy(), want.float().numpy(), fmt=name, mode=mode, about=dtype)
    with pytest.raises(chopper.RangeError, match="does not fit"):
        x, name = {"float16": (65504.0, "bf16"), "bfloat16": (0.3, "lns12")}[dtype]
        chopper.chop(torch.tensor([x], dtype=getattr(torch, dtype), device=DEVICE), name)


def test_layouts_out_and_words(tally):
    x = torch.randn(30, 40)
    on = x.to(DEVICE)
    for view in (
        lambda t: t.T,
        lambda t: t[::2, ::3],
        lambda t: t[:0],
        lambda t: t[0, 0],
        lambda t: t[:1].expand(9, 40),
    ):
        got = chopper.chop(view(on), "e4m3", "stochastic", key=3)
        tally.same(got.cpu().numpy(), chopper.chop(view(x).contiguous().numpy(), "e4m3", "stochastic", key=3))
    out = torch.empty_like(on)
    assert chopper.chop(on, "e4m3", out=out) is out
    assert same(out.cpu(), chopper.chop(x, "e4m3"))
    assert chopper.chop(on, "e4m3", out=on) is on
    assert same(on, out)
    words = torch.randint(-(2**31), 2**31, x.shape).to(torch.int32)
    want = chopper.chop(x, "bf16", "stochastic", random_words=words)
    assert same(chopper.chop(x.to(DEVICE), "bf16", "stochastic", random_words=words.to(DEVICE)).cpu(), want)
    wide = chopper.chop(x.double().to(DEVICE), "bf16", "stochastic", random_words=words)
    assert same(wide.float().cpu(), want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_sizes_and_places(dtype, tally):
    """Sizes that 16 does and does not divide, memory that does and does not begin there, results written in place."""
    source = torch.from_numpy(difficult(chopper.get("fp16"), "float32", SIZE)).to(getattr(torch, dtype))
    name = "e5m2"  # of which every value is one of all these dtypes
    for begin in (0, 1, 8):
        for size in (1, 15, 16, 1000, 2048, 4096, 9999, 16384):
            x = source[begin : begin + size]
            for draw in ({}, {"rounding": "stochastic", "key": KEY, "offset": OFFSET}):
                want, on = chopper.chop(x, name, **draw), source.to(DEVICE)[begin : begin + size]
                tally.same(chopper.chop(on, name, **draw).cpu().double().numpy(), want.double().numpy())
                out = torch.full((size + 2,), 7.0, dtype=x.dtype, device=DEVICE)
                assert chopper.chop(on, name, out=out[1:-1], **draw).data_ptr() == out[1:].data_ptr()
                tally.same(out[1:-1].cpu().double().numpy(), want.double().numpy())
                assert out[0] == out[-1] == 7
                codes = torch.empty(size, dtype=torch.uint8, device=DEVICE)
                chopper.encode(on, name, out=codes, **draw)
                assert torch.equal(codes.cpu(), chopper.encode(x, name, **draw))
                chopper.chop(on, name, out=on, **draw)
                tally.same(on.cpu().double().numpy(), want.double().numpy())


def test_results_over_inputs(tally):
    source = torch.from_numpy(difficult(chopper.get("e4m3"), "float32", SIZE))
    for begin, end in ((0, 5000), (7, 5007), (5000, 0), (64, 0)):
        on = source.to(DEVICE)
        chopper.chop(on[begin : begin + 9000], "e4m3", out=on[end : end + 9000])
        tally.same(on[end : end + 9000].cpu().numpy(), chopper.chop(source[begin : begin + 9000], "e4m3").numpy())
    strided = torch.zeros(SIZE, 2, device=DEVICE)
    chopper.chop(source.to(DEVICE), "e4m3", out=strided[:, 1])
    tally.same(strided[:, 1].cpu().numpy(), chopper.chop(source, "e4m3").numpy())
    assert not strided[:, 0].any()
    version = strided._version
    chopper.chop(strided, "e4m3", out=strided)
    assert strided._version > version
    negative = torch.complex(source, source).to(DEVICE).conj().imag
    assert negative.is_neg()
    tally.same(chopper.chop(negative, "e4m3").cpu().numpy(), chopper.chop(-source, "e4m3").numpy())


def test_errors_leave_out_untouched():
    x, out = torch.tensor([1.0, 1e9], device=DEVICE), torch.full((2,), 7.0, device=DEVICE)
    with pytest.raises(chopper.RangeError, match="no result in e4m3"):
        chopper.chop(x, "e4m3", overflow="raise", out=out)
    with pytest.raises(chopper.OutputError, match="on cpu"):
        chopper.chop(x, "e4m3", out=torch.zeros(2))
    with pytest.raises(chopper.RangeError, match="9 is not a code"):
        chopper.decode(torch.tensor([9], dtype=torch.uint8, device=DEVICE), "posit<3,0>", out=out[:1])
    assert out.tolist() == [7.0, 7.0]


@pytest.mark.parametrize("options", [{"compat": "torch"}, {"compat": "cuda"}, {"overflow": "nan"},
                                     {"random_bits": 5, "rounding": "stochastic_c"}], ids=str)  # fmt: skip
def test_policies_and_presets(options, tally):
    for dtype in ("float32", "float64"):
        xs = difficult(chopper.get("e5m2"), dtype, SIZE)
        got = chopper.chop(torch.from_numpy(xs).to(DEVICE), "e5m2", key=KEY, **options)
        tally.same(got.cpu().numpy(), chopper.chop(xs, "e5m2", key=KEY, **options), xs, fmt="e5m2", about=options)


def test_integers_and_float8(tally):
    n = torch.arange(-300, 300, device=DEVICE)
    tally.same(chopper.chop(n, "e4m3").cpu().numpy(), chopper.chop(n.cpu().numpy(), "e4m3"))
    x = torch.randn(100, device=DEVICE).to(torch.float8_e4m3fn)
    assert same(chopper.chop(x, "e5m2").cpu(), chopper.chop(x.cpu(), "e5m2"))
    assert same(chopper.decode(x, "e4m3").cpu(), x.float().cpu())
    codes = chopper.encode(x.float(), "e4m3")
    assert adapter.as_dtype(codes, "e4m3").data_ptr() == codes.data_ptr()


def test_gradients_and_transforms():
    x = torch.randn(5, 7, device=DEVICE) * 300

    def loss(t):
        return (adapter.chop(t, "e4m3", ste="clipped") ** 2).sum()

    want = 2 * chopper.chop(x, "e4m3") * (x.abs() <= 448)
    leaf = x.clone().requires_grad_()
    loss(leaf).backward()
    assert torch.equal(leaf.grad, want)
    assert torch.equal(torch.func.vmap(torch.func.grad(loss))(x), want)
    assert torch.equal(torch.func.jvp(lambda t: chopper.chop(t, "e4m3"), (x,), (x,))[1], x)


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled(backend):
    x = torch.randn(64, 64, device=DEVICE)

    def function(t):
        return chopper.chop(t, "e4m3") * 2 + chopper.chop(t, "bf16", "stochastic", key=3)

    torch._dynamo.reset()
    step = torch.compile(function, fullgraph=True, backend=backend)
    assert same(step(x).cpu(), function(x).cpu())
    leaf = x.clone().requires_grad_()
    step(leaf).sum().backward()
    assert torch.equal(leaf.grad, torch.full_like(x, 3.0))


def test_other_streams_and_captured_graphs():
    x = torch.randn(1000, device=DEVICE)
    want = chopper.chop(x, "e4m3")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        assert same(chopper.chop(x, "e4m3").cpu(), want.cpu())
    torch.cuda.synchronize()
    graph, out = torch.cuda.CUDAGraph(), torch.empty_like(x)
    with torch.cuda.graph(graph):
        out.copy_(chopper.chop(x, "e4m3"))
    x.copy_(torch.randn(1000))
    graph.replay()
    assert same(out.cpu(), chopper.chop(x.cpu(), "e4m3"))


@pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed")
def test_graphs_capture_formats_not_seen_before():
    """Parameters are arguments of a launch, so that nothing moves to the device for a new format without tables."""
    x = torch.randn(4096, device=DEVICE)
    names = ("e4m3", "e3m4", "e2m3", "e5m7", "e6m9")
    draw = {"rounding": "stochastic", "key": KEY}
    out, random = ({name: torch.empty_like(x) for name in names} for _ in range(2))
    chopper.chop(x, "e4m3"), chopper.chop(x, "e4m3", **draw)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for name in names:
            chopper.chop(x, name, out=out[name])
            chopper.chop(x, name, out=random[name], **draw)
    x.copy_(torch.randn(4096))
    graph.replay()
    for name in names:
        assert same(out[name].cpu(), chopper.chop(x.cpu(), name)), name
        assert same(random[name].cpu(), chopper.chop(x.cpu(), name, **draw)), name


def test_nothing_waits_for_the_device():
    """Calls are queued: a device that is busy does not hold the host up."""
    x, half = torch.randn(4096, device=DEVICE), torch.randn(4096, device=DEVICE).to(torch.bfloat16)

    def calls():
        codes = chopper.encode(x, "e4m3")
        chopper.chop(x, "e4m3"), chopper.chop(half, "e4m3"), chopper.chop(x, "bf16", "stochastic", key=1)
        chopper.chop(x, "nf4"), chopper.chop(x, "posit8"), chopper.decode(codes, "e4m3"), chopper.chop(x, "e4m3", out=x)

    calls()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        calls()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_compiled_by_cuda_graphs():
    x = torch.randn(64, 64, device=DEVICE)

    def function(t):
        return chopper.chop(t, "e4m3") * 2 + chopper.chop(t, "bf16", "stochastic", key=3)

    torch._dynamo.reset()
    step = torch.compile(function, fullgraph=True, mode="reduce-overhead")
    for _ in range(4):
        assert same(step(x).cpu(), function(x).cpu())


def test_stochastic_words_are_those_of_the_host():
    asked = Request(chopper.get("bf16"), chopper.Rounding.STOCHASTIC)
    x = torch.randn(4096)
    chosen = programs.program("round", asked, 32, DEVICE)
    drawn = programs.signed_words(Draw(KEY, OFFSET), 4096, DEVICE)
    given = programs.run(chosen, x.to(DEVICE), torch.int32, Draw(words=drawn))
    keyed = programs.run(chosen, x.to(DEVICE), torch.int32, Draw(KEY, OFFSET))
    assert torch.equal(given, keyed)
