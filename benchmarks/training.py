"""Train a small character-level transformer under many recipes, and keep the curves: ``python -m benchmarks.training``.

The curves go to ``notebooks/data/training.json``, which the notebook on training shows.  A run takes minutes; what the
file holds already is not run again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmarks.machine import machine

__all__ = ["VARIANTS", "Shape", "Size", "Variant", "characters", "curve", "transformer"]

FILE = Path(__file__).resolve().parents[1] / "notebooks" / "data" / "training.json"
LETTERS = "\n" + "".join(map(chr, range(32, 127)))


class Variant(NamedTuple):
    """A recipe and what the optimizer rounds."""

    preset: str
    optimizer: dict[str, Any] | None = None
    float_sums: bool = False
    """Without the accumulator of the preset."""


_PURE = MappingProxyType({"weight": "bf16", "state": "bf16"})

VARIANTS: MappingProxyType[str, Variant] = MappingProxyType(
    {
        "fp32": Variant("fp32"),
        "bf16": Variant("bf16"),
        "bf16_pure, plain": Variant("bf16_pure", {**_PURE}),
        "bf16_pure, stochastic": Variant("bf16_pure", {**_PURE, "update": "stochastic"}),
        "bf16_pure, Kahan": Variant("bf16_pure", {**_PURE, "update": "kahan"}),
        "lns8": Variant("lns8"),
        "lns_madam": Variant("lns_madam"),
        "hif8": Variant("hif8"),
        "mxfp8": Variant("mxfp8"),
        "mxfp6": Variant("mxfp6"),
        "mxfp4": Variant("mxfp4"),
        "bitnet": Variant("bitnet"),
        "deepseek_fp8_ue8m0": Variant("deepseek_fp8_ue8m0"),
        "dfp16": Variant("dfp16"),
        "posit8, float sums": Variant("posit8", None, True),
        "posit16, float sums": Variant("posit16", None, True),
        "takum16": Variant("takum16"),
        "fp8_tensorwise": Variant("fp8_tensorwise"),
        "switchback": Variant("switchback"),
        "mxfp4_sr_rht": Variant("mxfp4_sr_rht"),
        "quartet": Variant("quartet"),
        "int4_sr": Variant("int4_sr"),
        "nvfp4": Variant("nvfp4"),
    }
)
"""What is trained, the quick ones first."""


class Shape(NamedTuple):
    """Of the model."""

    width: int = 64
    heads: int = 1
    layers: int = 1
    context: int = 64


class Size(NamedTuple):
    """Of a run."""

    model: Shape = Shape()
    batch: int = 8
    steps: int = 200
    rate: float = 3e-3

    def flat(self) -> dict[str, Any]:
        """Return all numbers by name."""
        return {**self.model._asdict(), **{name: x for name, x in self._asdict().items() if name != "model"}}


def characters() -> Any:
    """Return the texts of `pydoc_data.topics` as numbers of printable ASCII; other characters become question marks."""
    from pydoc_data import topics

    import torch

    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    number = {letter: i for i, letter in enumerate(LETTERS)}
    return torch.tensor([number.get(letter, number["?"]) for letter in text])


def transformer(size: Shape, seed: int) -> Any:
    """Return a model of the next character."""
    import torch
    from torch import nn

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters = nn.Embedding(len(LETTERS), size.width)
            self.places = nn.Embedding(size.context, size.width)
            shape = (size.width, size.heads, 4 * size.width)
            options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
            self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(*shape, **options) for _ in range(size.layers))
            self.norm = nn.LayerNorm(size.width)
            self.head = nn.Linear(size.width, len(LETTERS))
            self.register_buffer("mask", torch.ones(size.context, size.context, dtype=torch.bool).triu(1))

        def forward(self, x: Any) -> Any:
            x = self.letters(x) + self.places.weight
            for block in self.blocks:
                x = block(x, self.mask)
            return self.head(self.norm(x))

    torch.manual_seed(seed)
    return Transformer()


def curve(text: Any, variant: Variant, size: Size, seed: int) -> tuple[list[float], float]:
    """Return the loss of each step, and that of a part of the text that was not trained on."""
    import torch
    from torch.nn.functional import cross_entropy

    from chopper.recipes import preset
    from chopper_ext.torch import ChopOptimizer, convert

    recipe = preset(variant.preset, accumulate=None) if variant.float_sums else preset(variant.preset)
    model = convert(transformer(size.model, seed), recipe, skip="head", key=seed)
    steps = torch.optim.AdamW(model.parameters(), size.rate)
    if variant.optimizer is not None:
        steps = ChopOptimizer(steps, key=seed, **variant.optimizer)
    draw = torch.Generator().manual_seed(seed)
    train, held = text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]
    losses = []
    for _ in range(size.steps):
        rows = _rows(train, torch.randint(len(train) - size.model.context, (size.batch, 1), generator=draw), size)
        loss = cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())
    with torch.no_grad():
        rows = _rows(held, torch.linspace(0, len(held) - size.model.context - 1, 64).long()[:, None], size)
        return losses, cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).item()


def _rows(text: Any, starts: Any, size: Size) -> Any:
    import torch

    return text[starts + torch.arange(size.model.context + 1)]


def main() -> None:
    """Run what the file lacks."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many runs of each recipe")
    parser.add_argument("--plain-seeds", type=int, default=5, help="how many runs in float32")
    parser.add_argument("--only", action="append", metavar="NAME", help="only these recipes; repeatable")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text, size = characters(), Size()
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {"runs": {}}
    kept |= {"size": size.flat(), "characters": len(text), "machine": machine()}
    kept["machine"].pop("load", None)
    for seed in range(max(options.seeds, options.plain_seeds)):
        for name, variant in VARIANTS.items():
            runs = kept["runs"].setdefault(name, {})
            wanted = (options.only is None or name in options.only) and str(seed) not in runs
            if not wanted or seed >= (options.plain_seeds if name == "fp32" else options.seeds):
                continue
            start = time.process_time()
            losses, held = curve(text, variant, size, seed)
            runs[str(seed)] = {"losses": [round(loss, 4) for loss in losses], "held": round(held, 4)}
            print(f"{name:24} seed {seed}: {held:.4f}, {time.process_time() - start:.0f} s", flush=True)
            FILE.write_text(json.dumps(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
