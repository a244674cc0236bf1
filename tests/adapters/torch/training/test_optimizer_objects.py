"""Optimizers as objects of torch: copies, pickles, groups that come later, groups and parameters that are refused."""

from __future__ import annotations

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")

from chopper import chop  # noqa: E402
from chopper.errors import PolicyError, UnsupportedInputError  # noqa: E402
from chopper_ext.torch import ChopOptimizer, Collage  # noqa: E402


def stepped(optimizer):
    (p,) = optimizer.param_groups[0]["params"]
    p.grad = torch.tensor([1.0, -0.3])
    optimizer.step()
    return p.detach(), optimizer.state[p]["rest"]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_copies_take_the_same_steps(again):
    optimizer = Collage([torch.nn.Parameter(torch.tensor([256.0, 0.3]))], "bf16", lr=0.25)
    stepped(optimizer)
    twin = again(optimizer)
    assert all(torch.equal(a, b) for a, b in zip(stepped(optimizer), stepped(twin), strict=True))


def test_later_groups_are_rounded_at_once():
    optimizer = Collage([torch.nn.Parameter(torch.ones(1))], "e4m3")
    late = torch.nn.Parameter(torch.tensor([0.3]))
    optimizer.add_param_group({"params": [late]})
    assert late.item() == chop(0.3, "e4m3")


def test_groups_say_what_is_theirs_in_a_dict():
    group = {"params": [torch.nn.Parameter(torch.ones(1))], "chopper": 3}
    with pytest.raises(PolicyError, match="a dict of weight"):
        ChopOptimizer(torch.optim.SGD([group], lr=0.1), "bf16")


def test_narrow_parameters_are_refused():
    narrow = torch.nn.Parameter(torch.ones(1, dtype=torch.bfloat16))
    with pytest.raises(UnsupportedInputError, match=r"model.float\(\)"):
        Collage([narrow], "bf16")
    p = torch.nn.Parameter(torch.ones(1))
    for optimizer in (Collage([p], "bf16"), ChopOptimizer(torch.optim.SGD([p], lr=0.1), "bf16")):
        with pytest.raises(UnsupportedInputError, match=r"model.float\(\)"):
            optimizer.add_param_group({"params": [narrow]})
        assert len(optimizer.param_groups) == 1
