"""Handwritten digits: a small neural network, trained in float32, evaluated in every format.

The network is 64 - 32 - 10 with ReLU, written out in NumPy.  Evaluation rounds the inputs, the weights, the biases and
the activations of the hidden layer to the format.  The sums inside of a layer are float64, as in hardware with wide
accumulators, and so are the ten outputs, which are only compared with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.analysis import Outcome, sweep
from chopper.demo.shown import shown
from chopper.formats.base import Format
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Negative
from chopper.formats.registry import get

__all__ = ["MODES", "Digits", "Network", "Score", "digit_scores", "evaluate", "load_digits", "network_notes", "train"]

MODES = ("nearest_even", "toward_zero", "up", "down", "stochastic")
"""The rounding modes of the demonstration."""

_Array = npt.NDArray[np.float32]
_HIDDEN = 32
_EPOCHS = 150
_BATCH = 64
_RATE = 0.3


class Digits(NamedTuple):
    """The images, as rows of 64 numbers from 0 to 1, and what they show."""

    train_x: _Array
    train_y: npt.NDArray[np.int64]
    test_x: _Array
    test_y: npt.NDArray[np.int64]


class Network(NamedTuple):
    """Weights and biases of the two layers."""

    w1: _Array
    b1: _Array
    w2: _Array
    b2: _Array


@dataclass(frozen=True)
class Score:
    """How a network did: the share of images read correctly, and of images without an answer for NaN."""

    accuracy: float
    unanswered: float


def load_digits(seed: int = 0) -> Digits:
    """Return the digits that come with scikit-learn: 1797 images of 8 x 8 pixels, half of them for testing."""
    from sklearn.datasets import load_digits as load

    data = load()
    order = np.random.default_rng(seed).permutation(len(data.target))
    x, y = (data.data / 16).astype(np.float32)[order], data.target.astype(np.int64)[order]
    half = len(y) // 2
    return Digits(x[half:], y[half:], x[:half], y[:half])


def train(digits: Digits, seed: int = 0) -> Network:
    """Train the network in float32 by stochastic gradient descent on the cross entropy."""
    rng = np.random.default_rng(seed)
    w1 = rng.normal(0, np.sqrt(2 / 64), (64, _HIDDEN)).astype(np.float32)
    w2 = rng.normal(0, np.sqrt(1 / _HIDDEN), (_HIDDEN, 10)).astype(np.float32)
    net = Network(w1, np.zeros(_HIDDEN, np.float32), w2, np.zeros(10, np.float32))
    wanted = np.eye(10, dtype=np.float32)[digits.train_y]
    for _ in range(_EPOCHS):
        order = rng.permutation(len(wanted))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            steps = _gradient(net, digits.train_x[chosen], wanted[chosen])
            net = Network(*(p - np.float32(_RATE) * g for p, g in zip(net, steps, strict=True)))
    return net


def _gradient(net: Network, x: _Array, wanted: _Array) -> Network:
    hidden = np.maximum(x @ net.w1 + net.b1, 0)
    scores = hidden @ net.w2 + net.b2
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    error = (shares / shares.sum(axis=1, keepdims=True) - wanted) / np.float32(len(x))
    below = (error @ net.w2.T) * (hidden > 0)
    return Network(x.T @ below, below.sum(axis=0), hidden.T @ error, error.sum(axis=0))


def evaluate(net: Network, digits: Digits, rounding: Callable[[Any], Any]) -> Score:
    """Read the test images with everything rounded by a function; an image whose outputs hold a NaN has no answer."""
    with np.errstate(all="ignore"):
        x, w1, b1, w2, b2 = (rounding(a.astype(np.float64)) for a in (digits.test_x, *net))
        hidden = rounding(np.maximum(x @ w1 + b1, 0))
        scores = hidden @ w2 + b2
    silent = np.isnan(scores).any(axis=1)
    right = (scores.argmax(axis=1) == digits.test_y) & ~silent
    return Score(float(right.mean()), float(silent.mean()))


def digit_scores(
    formats: Iterable[str | Format] | None = None, modes: Iterable[str] = MODES, seed: int = 0
) -> Iterator[Outcome[Score]]:
    """Train the network once and evaluate it in every format and mode; by default in those of `shown`."""
    digits = load_digits(seed)
    net = train(digits, seed)
    chosen = shown() if formats is None else formats
    yield from sweep(lambda rounding: evaluate(net, digits, rounding), chosen, modes, key=seed)


def network_notes(fmt: str | Format) -> str:
    """Say what stops a format from holding the numbers of a network: "" where nothing does.

    Examples
    --------
    >>> network_notes("e8m0"), network_notes("fp16")
    ('no zero: 0 becomes 2^-127; unsigned: x < 0 becomes NaN', '')
    """
    fmt = get(fmt)
    if not isinstance(fmt, FloatFormat):
        return ""
    fate = {Negative.ZERO: "0", Negative.NAN: "NaN", Negative.MAGNITUDE: "|x|", Negative.OVERFLOW: "NaN or 0"}
    notes = [] if fmt.zero else [f"no zero: 0 becomes 2^{fmt.emin}"]
    notes += [] if fmt.signed else [f"unsigned: x < 0 becomes {fate[fmt.negative]}"]
    notes += [f"largest value {float(fmt.max):g}"] if fmt.max < 4 else []
    return "; ".join(notes)
