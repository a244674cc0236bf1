"""A run is a function of one key: repeated, resumed, checkpointed, on two processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from chopper.errors import RandomKeyError  # noqa: E402
from chopper.random import Keys  # noqa: E402
from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert, quant_point, random_state, replayed, set_random_state  # noqa: E402
from tests.adapters.torch.inputs import same  # noqa: E402

STOCHASTIC = Recipe(weight="e4m3:stochastic", input="e4m3:stochastic", grad_output="e5m2:stochastic")


def started(key):
    torch.manual_seed(0)
    net = convert(nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 4)), STOCHASTIC, key=key)
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def trained(net, optimizer, batches):
    for x in batches:
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


BATCHES = torch.randn(6, 8, 16, generator=torch.Generator().manual_seed(1))


def test_one_key_one_run():
    runs = [trained(*started(key), BATCHES) for key in (7, 7, 8)]
    assert same(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_bases_and_positions():
    net, _ = started(7)
    net(BATCHES[0])
    assert random_state(net) == {"0": (Keys(7).at(0), 1), "1": (Keys(7).at(1), 0), "2": (Keys(7).at(2), 1)}


def test_saved_and_resumed():
    whole = trained(*started(7), BATCHES)
    net, optimizer = started(7)
    trained(net, optimizer, BATCHES[:3])
    file = io.BytesIO()
    torch.save([net.state_dict(), optimizer.state_dict(), random_state(net)], file)
    file.seek(0)
    model, state, streams = torch.load(file)
    net, optimizer = started(99)
    net.load_state_dict(model)
    optimizer.load_state_dict(state)
    set_random_state(net, streams)
    assert same(trained(net, optimizer, BATCHES[3:]), whole)


def test_states_of_other_models_are_refused():
    net, _ = started(1)
    with pytest.raises(RandomKeyError, match="differ in 2"):
        set_random_state(net, {name: state for name, state in random_state(net).items() if name != "2"})


def test_checkpointed_parts_draw_the_same_words():
    results = []
    for kept in (False, True):
        net, _ = started(7)
        x = BATCHES[0].clone().requires_grad_()
        for _ in range(2):
            if kept:
                y = checkpoint(net, x, use_reentrant=False, context_fn=lambda net=net: replayed(net))
            else:
                y = net(x)
            y.square().sum().backward()
        results.append([y, x.grad, *(p.grad for p in net.parameters())])
    assert all(same(one, other) for one, other in zip(*results, strict=True))


def test_checkpoints_that_do_not_say_which_words_are_refused():
    net, _ = started(7)
    y = checkpoint(net, BATCHES[0].clone().requires_grad_(), use_reentrant=False)
    with pytest.raises(RandomKeyError, match="context_fn"):
        y.sum().backward()


def test_points_have_a_stream():
    one, two = quant_point("e4m3:stochastic", key=3), quant_point("e4m3:stochastic", key=3)
    first, second = one(BATCHES[0]), one(BATCHES[0])
    assert not torch.equal(first, second)
    assert same(two(BATCHES[0]), first)


PROGRAM = """
import sys, warnings
import torch, torch.distributed as dist
from chopper_ext.torch import convert
rank, place = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)
torch.manual_seed(0)

def made():
    layers = torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64)
    return convert(torch.nn.Sequential(*layers), sys.argv[3], key=7)

net = made()
model = torch.nn.parallel.DistributedDataParallel(net)
batches = torch.randn(3, 2, 64, 64)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for pair in batches:
    optimizer.zero_grad()
    model(pair[rank]).square().mean().backward()
    alone = [p.grad.clone() for p in net.parameters()]
    optimizer.step()
mine = torch.cat([p.detach().flatten() for p in net.parameters()])
both = [torch.empty_like(mine) for _ in range(2)]
dist.all_gather(both, mine)
assert torch.equal(both[0], both[1])

# the last gradients are the means of those that each process has alone
torch.manual_seed(0)
twin = made()
optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
from chopper_ext.torch import random_state, set_random_state
for pair in batches:
    state, found = random_state(twin), []
    for one in pair:
        set_random_state(twin, state)
        optimizer.zero_grad()
        twin(one).square().mean().backward()
        found.append([p.grad.clone() for p in twin.parameters()])
    for p, a, b in zip(twin.parameters(), *found):
        p.grad = a / 2 + b / 2
    optimizer.step()
assert torch.equal(mine, torch.cat([p.detach().flatten() for p in twin.parameters()]))
dist.destroy_process_group()
print("done")
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")
@pytest.mark.parametrize("recipe", [pytest.param("mxfp8", marks=pytest.mark.exhaustive), "mxfp4_sr_rht"])
def test_two_processes(tmp_path: Path, root: Path, recipe: str):
    """Both learn the same, bit for bit; the gradient is the mean of two, as one process computes them in turn."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(rank), str(tmp_path / "store"), recipe],
            cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    ended = [process.communicate(timeout=120) for process in started]
    assert [out for out, _ in ended] == ["done\n"] * 2, ended
