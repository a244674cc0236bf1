"""The preset `lns_madam` trains on ordinary tensors: each has a scale, from its largest magnitude."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from torch.nn import functional  # noqa: E402

from chopper.recipes import Recipe  # noqa: E402
from chopper_ext.torch import convert  # noqa: E402


def trained(recipe):
    """Return loss and accuracy on digits that were not seen, after forty steps on small batches."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images, labels = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    convert(model, recipe, types=torch.nn.Linear)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(40):
        rows = torch.randint(1437, (64,))
        optimizer.zero_grad()
        functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        y = model(images[1437:])
        return functional.cross_entropy(y, labels[1437:]).item(), (y.argmax(1) == labels[1437:]).double().mean().item()


def test_digits():
    loss, right = trained("lns_madam")
    plain, right_in_float = trained("fp32")
    bare = Recipe(weight="lns_madam8_g8", input="lns_madam8_g8", grad_output="lns_madam8_g8")
    assert abs(loss - plain) < 0.05 < trained(bare)[0] - plain
    assert abs(right - right_in_float) < 0.03
