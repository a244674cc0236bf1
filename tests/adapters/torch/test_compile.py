"""Compiled, exported and traced calls give the bits and the gradients of eager ones, or raise."""

from __future__ import annotations

import inspect
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch.autograd import forward_ad  # noqa: E402
from torch.func import grad, hessian, jvp, vmap  # noqa: E402

import chopper  # noqa: E402
import chopper_ext.torch as adapter  # noqa: E402
from chopper_ext.torch.autograd import StraightThrough  # noqa: E402
from chopper_ext.torch.compiling import settled  # noqa: E402
from tests.adapters.inputs import difficult, named  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning"),
]

SUBJECT = "torch.compile against NumPy"
FLUSHING = chopper.get("e5m2<subnormals=flush>")
ODD = torch.tensor([float("inf"), -float("inf"), float("nan"), -0.0, 0.0, 1e30, 1e-45, -1e-45, 0.3])


def compiled(function, backend="aot_eager", **options):
    """Compile afresh, without leave to fall back to Python."""
    torch._dynamo.reset()
    return torch.compile(function, fullgraph=True, backend=backend, **options)


CALLS = {
    "nearest": lambda t: chopper.chop(t, "e4m3"),
    "keywords": lambda t: chopper.chop(t, fmt="e5m2", rounding="up", overflow="saturate", threads=1),
    "members": lambda t: chopper.chop(t, FLUSHING, chopper.Rounding.DOWN, overflow=chopper.Overflow.NAN),
    "stochastic": lambda t: chopper.chop(t, "bf16", "stochastic", key=2**63 + 7, offset=2**64 - 5, random_bits=9),
    "preset": lambda t: chopper.chop(t, "e4m3", compat="torch"),
    "posit": lambda t: chopper.chop(t, "posit8", "to_odd"),
    "codebook": lambda t: chopper.chop(t, "nf4"),
    "codes": lambda t: chopper.encode(t, "e4m3", "toward_zero"),
    "round trip": lambda t: chopper.decode(chopper.encode(t, "e4m3"), "e4m3", torch.float64),
    "float8": lambda t: chopper.chop(t.to(torch.float8_e5m2), "e4m3"),
    "clipped": lambda t: adapter.chop(t, "e4m3", ste="clipped"),
    "function": lambda t: adapter.chop(t, "e4m3", ste=lambda x, q, g: g / 2),
    "none": lambda t: adapter.chop(t, "e4m3", ste=None),
    "a number": lambda t: t.nan_to_num() * chopper.chop(0.3, "e4m3"),
    "partly": lambda t: torch.relu(chopper.chop(t, "e4m3") * 2 + chopper.chop(t.flip(0), "e5m2")),
}


@pytest.mark.parametrize("call", CALLS)
def test_values(call):
    function = CALLS[call]
    for x in (ODD, ODD.double().expand(4, 9).T, ODD[0], *([ODD[:0]] if call == "nearest" else [])):
        if call == "partly" and x.dim() == 0:
            continue
        assert same(compiled(function)(x), function(x))


@pytest.mark.parametrize("mode", list(chopper.Rounding), ids=lambda mode: mode.value)
def test_modes_compiled_without_a_compiler(mode):
    """As chopper.chop in a function that torch compiles; values on which modes part."""
    x = torch.from_numpy(difficult(chopper.get("e4m3"), "float32", 4000))

    def function(t):
        return chopper.chop(t, "e4m3", mode, key=5)

    assert same(compiled(function)(x), function(x))


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_format_compiled(dtype, tally):
    """100 000 values of every named format, all modes in one compiled function: values and codes."""
    for fmt in named(dtype, at_length=True):
        xs = difficult(fmt, dtype, 100_000, seed=3)
        modes = list(chopper.Rounding)

        def function(t, fmt=fmt, modes=modes):
            keys = [{"key": 5} if mode.random else {} for mode in modes]
            values = [chopper.chop(t, fmt, mode, **key) for mode, key in zip(modes, keys, strict=True)]
            return values + [chopper.encode(t, fmt, mode, **key) for mode, key in zip(modes, keys, strict=True)]

        results = compiled(function)(torch.from_numpy(xs))
        for mode, got, want in zip(modes * 2, results, function(xs), strict=True):
            tally.same(got.numpy(), want, xs, fmt=fmt, mode=mode)


@pytest.mark.exhaustive  # by its time
@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler")
def test_modes_by_inductor():
    x = torch.from_numpy(difficult(chopper.get("e4m3"), "float32", 4000)).requires_grad_()

    def function(t):
        parts = [
            chopper.chop(t * s, f, m, key=5) for s in (1, 2) for f in ("e4m3", "bf16") for m in ("up", "stochastic")
        ]
        return torch.stack(parts).nan_to_num().clamp(-1e3, 1e3)

    y = compiled(function, "inductor")(x)
    assert same(y, function(x))
    y.sum().backward()
    found, x.grad = x.grad, None
    function(x).sum().backward()
    assert same(found, x.grad)


def test_what_compilers_trace_takes_the_same_arguments():
    def arguments(function):
        return {p.name: (p.kind, p.default) for p in inspect.signature(function).parameters.values()}

    assert arguments(adapter.chop) == arguments(chopper.chop) | {"ste": (inspect.Parameter.KEYWORD_ONLY, "identity")}
    for original in (chopper.encode, chopper.decode):
        assert arguments(original._torchdynamo_inline) == arguments(original)


def test_keys_and_sizes_without_recompiling():
    x = torch.randn(40)
    step = compiled(lambda t, key: chopper.chop(t, "e4m3", "stochastic", key=key, offset=3))
    torch._dynamo.utils.counters.clear()
    for key in (5, 6, 77, 2**40, 2**62):
        assert same(step(x, key), chopper.chop(x, "e4m3", "stochastic", key=key, offset=3))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 2
    sized = compiled(lambda t: chopper.chop(t, "e4m3") * 2, dynamic=True)
    torch._dynamo.utils.counters.clear()
    for n in (3, 5, 9, 11):
        assert same(sized(x[:n]), chopper.chop(x[:n], "e4m3") * 2)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_a_graph_notices_when_its_format_changes():
    class Rounds(torch.nn.Module):
        def forward(self, t):
            return chopper.chop(t, self.fmt, self.mode)

    model, x = Rounds(), torch.randn(9)
    model.fmt, model.mode = chopper.get("e5m2"), chopper.Rounding.UP
    step = compiled(model)
    for fmt in (chopper.get("e5m2"), chopper.get("e2m1"), "posit8", "nf4"):
        model.fmt = fmt
        assert same(step(x), model(x))
    model.mode = chopper.Rounding.DOWN
    assert same(step(x), model(x))
    aside = torch.compile(lambda t, f: adapter.chop(t, f, "up"), fullgraph=True, backend="eager")
    for fmt in ("e4m3", chopper.get("e4m3"), chopper.get("int8")):
        assert same(aside(x, fmt), chopper.chop(x, fmt, "up"))


def test_given_words_and_out():
    x, words = torch.randn(8), torch.randint(-(2**31), 2**31, (8,)).to(torch.int32).view(torch.uint32)
    want = chopper.chop(x, "e4m3", "stochastic", random_words=words)
    assert same(compiled(lambda t, w: chopper.chop(t, "e4m3", "stochastic", random_words=w))(x, words), want)
    out = torch.zeros(8)
    assert compiled(lambda t, o: chopper.chop(t, "e4m3", out=o))(x, out) is out
    assert same(out, chopper.chop(x, "e4m3"))
    with pytest.raises(Exception, match="out has not the dtype"):
        compiled(lambda t, o: chopper.chop(t, "e4m3", out=o))(x, torch.zeros(2, 8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: chopper.chop(t, "e4m3", "stochastic"), "needs a key"),
        (lambda t: chopper.chop(t, "e4m3", "stochastic", key=-1), "needs a key"),
        (lambda t: chopper.chop(t, "e4m3q"), "unknown format"),
        (lambda t: chopper.chop(t, "e4m3", "sideways"), "sideways"),
        (lambda t: adapter.chop(t, "e4m3", ste="sideways"), "ste="),
        (lambda t: chopper.chop(t.to(torch.complex64), "e4m3"), "imaginary"),
        (lambda t: chopper.decode(t.to(torch.float8_e5m2), "e4m3"), "holds codes of e5m2"),
        (lambda t: chopper.chop(t, "e4m3", overflow="raise"), "no result in e4m3"),
    ],
)
def test_errors_in_graphs(call, message):
    with pytest.raises(Exception, match=message):
        compiled(call)(torch.tensor([1.0, 1e30]))


SLOPES = {"identity": "identity", "clipped": "clipped", "function": lambda x, q, g: g * torch.where(q != 0, 0.5, 0.0)}


@pytest.mark.parametrize("slope", SLOPES)
def test_gradients(slope):
    """Also where a compiler drops the derivative of a Function without an error: inside transforms."""

    def loss(t):
        return (adapter.chop(t, "e4m3", ste=SLOPES[slope]) ** 2).sum()

    x = torch.randn(5, 7) * 300
    leaf = x.clone().requires_grad_()
    (want,) = torch.autograd.grad(loss(leaf), leaf)
    assert want.any()
    (found,) = torch.autograd.grad(compiled(loss)(leaf), leaf)
    assert same(found, want)
    assert same(compiled(grad(loss))(x), want)
    assert same(compiled(vmap(grad(loss)))(x), want)
    t = torch.randn(5, 7)
    eager, traced = (run(lambda a, b: jvp(loss, (a,), (b,)))(x, t) for run in (lambda f: f, compiled))
    assert same(eager[0], traced[0])
    assert same(eager[1], traced[1])
    assert eager[1] != 0


def test_forward_mode_around_a_graph():
    x, t = torch.randn(6) * 300, torch.randn(6)
    step = compiled(lambda a: adapter.chop(a, "e4m3", ste="clipped"))
    assert same(step(x), chopper.chop(x, "e4m3"))
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(step(forward_ad.make_dual(x, t)))
        assert torch.equal(dual.tangent, torch.where(x.abs() <= 448, t, 0))
    assert same(step(x), chopper.chop(x, "e4m3"))


def test_second_derivatives():
    x = torch.randn(7)
    wanted = 6 * chopper.chop(x, "e4m3")
    assert torch.allclose(compiled(hessian(lambda t: (chopper.chop(t, "e4m3") ** 3).sum()))(x).diag(), wanted)


def test_the_composition_gives_every_bit():
    """What stands in for a Function inside transforms returns q itself: -0, infinities, subnormal numbers."""
    value = compiled(lambda t: jvp(lambda a: chopper.chop(a, "e4m3"), (t,), (t,))[0])
    assert same(value(ODD), chopper.chop(ODD, "e4m3"))
    fine = torch.from_numpy(difficult(chopper.get("bf16"), "float32", 5000))
    subnormal = compiled(lambda t: jvp(lambda a: chopper.chop(a, "bf16", "to_odd"), (t,), (t,))[0])
    assert same(subnormal(fine), chopper.chop(fine, "bf16", "to_odd"))


@pytest.mark.filterwarnings("ignore:.*autograd kernel was not registered")
def test_a_function_inside_a_compiled_transform_still_loses_its_derivative():
    """A pin: once this fails, the composition of `chopper_ext.torch.autograd` can go."""
    text = settled("e4m3", "nearest_even", None, 32, None)
    broken = compiled(grad(lambda t: (StraightThrough.apply(t, None, None, text, 0, 0) ** 2).sum()))
    assert not broken(torch.ones(3)).any()


class Model(torch.nn.Module):
    """Rounds its input and a weight."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.linspace(-1, 1, 7))

    def forward(self, t):
        return chopper.chop(t, "e4m3", "stochastic", key=3) * chopper.chop(self.weight, "posit8") + 1


@pytest.mark.parametrize("strict", [False, True])
def test_export(strict, tmp_path, root):
    x, model = torch.randn(5, 7), Model()
    sizes = ({0: torch.export.Dim("n", min=2, max=64)},)
    program = torch.export.export(model, (x,), dynamic_shapes=sizes, strict=strict)
    for n in (2, 5, 33):
        other = torch.randn(n, 7)
        assert same(program.module()(other), model(other))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    buffer.seek(0)
    assert same(torch.export.load(buffer).module()(x), model(x))


@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
@pytest.mark.parametrize("early", [False, True])
def test_make_fx(mode, early):
    from torch.fx.experimental.proxy_tensor import make_fx

    function = lambda t: chopper.chop(t, "e4m3") + chopper.decode(chopper.encode(t, "e5m2"), "e5m2")  # noqa: E731
    traced = make_fx(function, tracing_mode=mode, pre_dispatch=early)(torch.randn(5, 7))
    other = torch.randn(5, 7)
    assert same(traced(other), function(other))


@pytest.mark.filterwarnings("ignore:.*trace:DeprecationWarning")
def test_jit_trace():
    traced = torch.jit.trace(lambda t: chopper.chop(t, "e4m3") + 1, torch.randn(3))
    other = torch.randn(3)
    assert same(traced(other), chopper.chop(other, "e4m3") + 1)


def test_a_compiled_module_learns():
    torch.manual_seed(0)
    model = Model()
    step = compiled(model)
    step(torch.ones(2, 7)).sum().backward()
    found = model.weight.grad.clone()
    model.weight.grad = None
    model(torch.ones(2, 7)).sum().backward()
    assert same(found, model.weight.grad)
    assert found.any()


FIRST_CALL = """
import torch, chopper, chopper_ext.torch
f = torch.compile(lambda t: chopper.chop(t, 'e4m3'), fullgraph=True, backend='eager')
print(f(torch.tensor([0.3])).item())
"""


def test_the_first_call_of_a_process_may_be_compiled(root: Path):
    command = [sys.executable, "-c", FIRST_CALL]
    assert subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout == "0.3125\n"
