"""Whole recurrent networks equal a loop over converted cells, bit for bit, gradients and random words included."""

from __future__ import annotations

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence  # noqa: E402

from chopper.errors import UnsupportedInputError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, random_state, report, unconvert  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402
from tests.adapters.torch.layers.reference import RECIPES  # noqa: E402

CELLS = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}
WAYS = {
    "pure": Recipe.of("bf16_pure"),
    "mixed": Recipe(weight="e4m3", input="e3m4", grad_output="e5m2", elementwise="posit16", grad_elementwise="e5m10"),
    "accumulator": Recipe(weight="e4m3", input="e4m3", grad_output="e5m2", accumulate="bf16", output="bf16"),
    "stochastic": RECIPES["stochastic"].replace(elementwise="e5m10:stochastic", grad_elementwise="bf16:stochastic"),
}
KINDS = {
    "rnn": (nn.RNN, {"num_layers": 2, "nonlinearity": "relu", "batch_first": True}),
    "lstm": (nn.LSTM, {"bidirectional": True}),
    "gru": (nn.GRU, {"num_layers": 2, "bidirectional": True, "bias": False}),
    "projected": (nn.LSTM, {"num_layers": 2, "bidirectional": True, "proj_size": 3, "batch_first": True}),
    "dropped": (nn.GRU, {"num_layers": 2, "dropout": 0.5}),
}


class Loop:
    """Converted cells with copies of the parameters of a network, which draw from one stream."""

    def __init__(self, net, recipe, key):
        self.net, self.recipe = net, recipe
        self.sides = ("", "_reverse") if net.bidirectional else ("",)
        self.parameters = {name: nn.Parameter(p.detach().clone()) for name, p in net.named_parameters()}
        self.drop = convert(nn.Dropout(net.dropout), recipe, key=key)
        self.stream = self.drop.chop_stream
        self.cells = [self.cell(f"{layer}{side}") for layer in range(net.num_layers) for side in self.sides]

    def cell(self, end):
        """Return a step: of an input and states."""
        more = {"nonlinearity": self.net.nonlinearity} if isinstance(self.net, nn.RNN) else {}
        cell = CELLS[self.net.plain](2, 2, bias=self.net.bias, **more)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(cell, name, self.parameters.get(f"{name}_l{end}"))
        convert(cell, self.recipe).chop_stream = self.stream
        narrow = None
        if f"weight_hr_l{end}" in self.parameters:
            narrow = nn.Linear(2, 2, bias=False)
            narrow.weight = self.parameters[f"weight_hr_l{end}"]
            convert(narrow, self.recipe).chop_stream = self.stream

        def step(x, states):
            made = cell(x, states) if len(states) == 2 else (cell(x, *states),)
            return made if narrow is None else (narrow(made[0]), made[1])

        return step

    def run(self, steps, states):
        """Return results of all steps and the last states, of the states of all layers and directions."""
        ends = []
        for layer in range(self.net.num_layers):
            if layer and self.net.dropout:
                steps = self.drop(torch.stack(steps)).unbind()
            sides = []
            for side in self.sides:
                cell, now, found = self.cells[len(ends)], states[len(ends)], []
                for x in reversed(steps) if side else steps:
                    if len(x) == len(now[0]):
                        made = now = cell(x, now)
                    else:  # the last sequences have ended, or not begun
                        made = cell(x, tuple(s[: len(x)] for s in now))
                        now = tuple(torch.cat((new, s[len(x) :])) for new, s in zip(made, now, strict=True))
                    found.append(made[0])
                sides.append(found[::-1] if side else found)
                ends.append(now)
            steps = [torch.cat(pair, -1) for pair in zip(*sides, strict=True)]
        return steps, ends


def network(kind, recipe, key=5):
    torch.manual_seed(0)
    plain, options = KINDS[kind]
    made = plain(6, 4, **options)
    return made if recipe is None else convert(made, recipe, key=key)


def leaves_of_states(net, rows):
    """Return states before the first step, for each layer and direction."""
    widths = [net.proj_size or net.hidden_size, net.hidden_size][: 2 if isinstance(net, nn.LSTM) else 1]
    count = net.num_layers * (1 + net.bidirectional)
    return [tuple(torch.randn(rows, width, requires_grad=True) for width in widths) for _ in range(count)]


def stacked(states):
    parts = tuple(torch.stack(part) for part in zip(*states, strict=True))
    return parts if len(parts) == 2 else parts[0]


def flat(tree):
    return [t for t in torch.utils._pytree.tree_leaves(tree) if t.is_floating_point()]


def gradients(results, leaves):
    torch.manual_seed(3)
    return torch.autograd.grad(sum((y * torch.randn_like(y)).sum() for y in results), leaves)


@pytest.mark.parametrize(
    ("kind", "name"),
    [*((kind, "stochastic") for kind in KINDS), ("rnn", "mixed"), ("lstm", "pure"), ("gru", "accumulator")],
)
def test_a_loop_over_cells(kind, name):
    net = network(kind, WAYS[name])
    loop = Loop(net, WAYS[name], 5)
    steps = [torch.randn(2, 6, requires_grad=True) for _ in range(3)]
    states = leaves_of_states(net, 2)
    axis = 1 if net.batch_first else 0
    torch.manual_seed(2)
    y, last = net(torch.stack(steps, axis), stacked(states))
    torch.manual_seed(2)
    wanted, ends = loop.run(steps, states)
    z, ends = torch.stack(wanted, axis), stacked(ends)
    assert all(same(a, b) for a, b in zip(flat((y, last)), flat((z, ends)), strict=True))
    found = gradients(flat((y, last)), [*steps, *flat(states), *net.parameters()])
    wanted = gradients(flat((z, ends)), [*steps, *flat(states), *loop.parameters.values()])
    assert all(same(a, b) for a, b in zip(found, wanted, strict=True))
    if net.chop_stream is not None:
        assert random_state(net) == {"": (Keys(5).at(0), int(loop.stream.position))}


@pytest.mark.parametrize("kind", ["projected", "gru"])
def test_packed_sequences(kind):
    net = network(kind, WAYS["stochastic"])
    loop = Loop(net, WAYS["stochastic"], 5)
    leaves = [torch.randn(n, 6, requires_grad=True) for n in (2, 4, 1, 4)]
    packed = pack_sequence(leaves, enforce_sorted=False)
    states = leaves_of_states(net, 4)
    y, last = net(packed, stacked(states))
    order = packed.sorted_indices
    sorted_states = [tuple(s[order] for s in pair) for pair in states]
    packed = pack_sequence(leaves, enforce_sorted=False)  # a graph of its own
    wanted, ends = loop.run(packed.data.split(packed.batch_sizes.tolist()), sorted_states)
    ends = [tuple(s[packed.unsorted_indices] for s in pair) for pair in ends]
    z = torch.cat(wanted)
    assert isinstance(y, PackedSequence) and torch.equal(y.batch_sizes, packed.batch_sizes)
    assert all(same(a, b) for a, b in zip(flat((y.data, last)), flat((z, stacked(ends))), strict=True))
    found = gradients(flat((y.data, last)), [*leaves, *flat(states), *net.parameters()])
    again = gradients(flat((z, stacked(ends))), [*leaves, *flat(states), *loop.parameters.values()])
    assert all(same(a, b) for a, b in zip(found, again, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_are_those_that_run_alone(kind):
    """Where nothing is drawn and the sums do not depend on the batch."""
    net = network(kind, WAYS["accumulator"]).eval()
    sequences = [torch.randn(n, 6) for n in (2, 4, 1)]
    y, last = net(pack_sequence(sequences, enforce_sorted=False))
    rows, lengths = pad_packed_sequence(y, batch_first=True)
    for i, x in enumerate(sequences):
        alone, end = net(x)
        assert same(rows[i, : lengths[i]], alone)
        assert all(same(a[:, i], b) for a, b in zip(flat(last), flat(end), strict=True))


@pytest.mark.parametrize("plain", CELLS)
def test_what_a_network_is_stays(plain):
    with torch.random.fork_rng():
        net = plain(5, 4, bidirectional=True)
    keys, parameters, kept = list(net.state_dict()), list(net.parameters()), set(vars(net))
    x = torch.randn(2, 2, 5)
    before = flat(net(x))
    assert all(same(a, b) for a, b in zip(flat(convert(net, Recipe())(x)), before, strict=True))
    convert(net, WAYS["stochastic"], key=1)
    assert list(net.state_dict()) == keys and all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    twins = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    y = flat(net(x))
    assert all(same(a, b) for twin in twins for a, b in zip(flat(twin(x)), y, strict=True))
    unconvert(net)
    assert type(net) is plain and set(vars(net)) == kept
    assert all(same(a, b) for a, b in zip(flat(net(x)), before, strict=True))


def test_the_report_reaches_them():
    net = convert(nn.ModuleList([network("rnn", None)]), WAYS["mixed"])
    x = torch.randn(2, 3, 6)
    found = report(net, lambda: net[0](x)[0].sum().backward())
    products = {f"{gemm}.{side}" for gemm in ("forward", "dgrad", "wgrad") for side in ("lhs", "rhs")}
    assert {m.role for m in found.measures} == products | {"elementwise", "grad_elementwise"}
    assert found.measure("0", "forward.lhs").calls == 2 * 2 * 3  # products, layers, steps
    assert all(m.off_grid == 0 for m in found.measures)
    assert not found.uncovered and found.operations == (("sum", 1),)


def test_inputs_of_other_shapes_and_dtypes():
    net = network("gru", WAYS["mixed"])
    x = torch.randn(3, 2, 6).bfloat16()
    assert same(net(x)[0], net(x.float())[0])
    with pytest.raises(UnsupportedInputError, match="no step"):
        net(torch.randn(0, 2, 6))
    with pytest.raises(RuntimeError, match=r"input.size\(-1\)"):
        net(torch.randn(3, 2, 5))
    with pytest.raises(RuntimeError, match="hidden size"):
        net(torch.randn(3, 2, 6), torch.zeros(4, 3, 4))
    with pytest.raises(UnsupportedInputError, match="keep them in float32"):
        net.bfloat16()(x)
