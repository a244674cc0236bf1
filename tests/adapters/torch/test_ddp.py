"""Two processes that learn together: gradients are averaged, and roundings agree by key and index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

PROGRAM = """
import sys, warnings
import torch, torch.distributed as dist
import chopper
warnings.simplefilter("error")
rank, place = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)

class Model(torch.nn.Linear):
    def forward(self, x):
        return torch.nn.functional.linear(chopper.chop(x, "e4m3"), chopper.chop(self.weight, "posit8"), self.bias)

torch.manual_seed(0)
alone = Model(5, 3)
model = torch.nn.parallel.DistributedDataParallel(alone)
batches = torch.randn(2, 8, 5)
model(batches[rank]).square().mean().backward()

torch.manual_seed(0)
whole = Model(5, 3)
whole(batches.reshape(16, 5)).square().mean().backward()
torch.testing.assert_close(alone.weight.grad, whole.weight.grad)
assert alone.weight.grad.any()

step = chopper.chop(alone.weight.detach(), "bf16", "stochastic", key=7)
both = [torch.empty_like(step) for _ in range(2)]
dist.all_gather(both, step)
assert torch.equal(both[0], both[1])
dist.destroy_process_group()
print("done")
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")
def test_two_processes(tmp_path: Path, root: Path):
    environment = {**os.environ, "PYTHONPATH": str(root)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(rank), str(tmp_path / "store")],
            cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    ended = [process.communicate(timeout=120) for process in started]
    assert [out for out, _ in ended] == ["done\n"] * 2, ended
