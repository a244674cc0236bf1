"""Where the streams of keys of a model stand: to save and resume, and to run a part again with the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from torch import nn

from chopper.errors import RandomKeyError
from chopper_ext.torch.layers.base import Stream

__all__ = ["random_state", "replayed", "set_random_state"]


def random_state(model: nn.Module) -> dict[str, tuple[int, int]]:
    """Return key and position of the stream of every layer that draws random words: plain numbers, to be saved.

    Examples
    --------
    >>> import torch
    >>> from chopper_ext.torch import convert
    >>> model = convert(torch.nn.Linear(4, 4), "lns8", key=1)
    >>> random_state(model)
    {}
    """
    return {name: (stream.key, int(stream.count)) for name, stream in _streams(model)}


def set_random_state(model: nn.Module, state: Mapping[str, tuple[int, int]]) -> None:
    """Let the streams go on where `random_state` found them.

    Raises
    ------
    RandomKeyError
        If the layers that draw are others.
    """
    found = dict(_streams(model))
    if set(found) != set(state):
        names = ", ".join(sorted(set(found) ^ set(state))[:6])
        raise RandomKeyError(f"state and model differ in {names}; convert the model by the same recipe first")
    for name, (key, position) in state.items():
        made = Stream(key)
        found[name].key, found[name].signed = made.key, made.signed
        found[name].count.fill(position)


def replayed(model: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return two contexts: layers that run in the second draw the words that they drew in the first.

    For ``torch.utils.checkpoint.checkpoint(f, x, use_reentrant=False, context_fn=lambda: replayed(model))``.
    """
    kept: dict[str, int] = {}
    return _noted(model, kept), _replayed(model, kept)


@contextmanager
def _noted(model: nn.Module, kept: dict[str, int]) -> Iterator[None]:
    kept.update((name, int(stream.count)) for name, stream in _streams(model))
    yield


@contextmanager
def _replayed(model: nn.Module, kept: dict[str, int]) -> Iterator[None]:
    streams = dict(_streams(model))
    now = {name: int(stream.count) for name, stream in streams.items()}
    for name, stream in streams.items():
        stream.count.fill(kept[name])
        stream.replaying = True
    try:
        yield
    finally:
        for name, stream in streams.items():
            stream.count.fill(now[name])
            stream.replaying = False


def _streams(model: nn.Module) -> Iterator[tuple[str, Stream]]:
    for name, module in model.named_modules():
        stream = module.__dict__.get("chop_stream")
        if isinstance(stream, Stream):
            yield name, stream
