"""Work that only the NumPy backend does: at once, or by a callback from compiled code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chopper.engine.backend import Draw, Request, native
from chopper_ext.jax.jobs import Rest
from chopper_ext.jax.words import key_words, random_words

__all__ = ["HostJob", "now"]


class HostJob(NamedTuple):
    """A request, without scales of its own, that the NumPy backend rounds while compiled code waits."""

    request: Request
    result: str
    strides: tuple[int, ...] = ()

    def __call__(self, x: Any, rest: Rest) -> Any:
        """Round an array."""
        words = rest.words
        if self.request.rounding.random and words is None:
            words = random_words(rest.key, rest.base, x.shape, self.strides)
        shape = jax.ShapeDtypeStruct(x.shape, jnp.dtype(self.result))  # type: ignore[no-untyped-call]
        return jax.pure_callback(self._round, shape, x, words, rest.scale, vmap_method="sequential")

    def _round(self, x: Any, words: Any, scale: Any) -> Any:
        draw = Draw() if words is None else Draw(words=np.asarray(words))
        asked = self.request if scale is None else replace(self.request, scale=np.asarray(scale))
        return np.asarray(native().round(np.asarray(x), asked, draw, None, None))


def now(task: str, x: Any, request: Request, draw: Draw) -> Any:
    """Round or encode an array that is there, through NumPy; the result lies where the array lies."""
    if request.rounding.random and draw.words is None:
        draw = draw._replace(key=np.asarray(key_words(draw.key, False)))
    result = getattr(native(), task)(np.asarray(x), request, draw, None, None)
    return jax.device_put(result, x.sharding) if isinstance(result, np.ndarray) else result
