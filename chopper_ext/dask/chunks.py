"""The Dask backend: each chunk goes to the backend of what it holds, with its place in the whole array."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np

from chopper.engine.backend import Draw, Request, backend_of
from chopper.errors import OutputError, RandomKeyError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.random import Chunk, Key, as_key
from chopper_ext.dask.blocks import with_whole_blocks

__all__ = ["DaskBackend"]

_map_blocks: Any = da.map_blocks
_asarray: Any = da.asarray


class DaskBackend:
    """Runs calls on Dask arrays: lazily, without looking at a value."""

    def accepts(self, x: Any) -> bool:
        """Whether this backend runs calls on `x`."""
        return isinstance(x, da.Array)

    def round(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to values of the format."""
        if request.fmt.blocked:
            x = with_whole_blocks(x, request)
        return _perform("round", x, request, draw, out, threads)

    def encode(self, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
        """Round values to codes of the format."""
        if request.fmt.blocked:
            raise UnsupportedInputError(
                f"encode to {request.fmt} gives codes and scales, which no Dask array holds; encode chunk by chunk, "
                "for example with x.to_delayed()"
            )
        return _perform("encode", x, request, draw, out, threads)

    def decode(self, codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
        """Turn codes into values, exactly; a code that is none raises when it is computed."""
        _no_out(out)
        given = {"fmt": fmt, "kind": dtype, "threads": threads or 1}
        meta = _decode_chunk(codes._meta, **given)
        return _map_blocks(_decode_chunk, codes, dtype=meta.dtype, meta=meta, **given)


def _perform(task: str, x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
    _no_out(out)
    given: dict[str, Any] = {"task": task, "request": request, "threads": threads or 1}
    meta = _chunk(x._meta, draw=Draw(0), **given)
    as_planned = {"dtype": meta.dtype, "meta": meta}
    if not request.rounding.random:
        return _map_blocks(_chunk, x, draw=Draw(), **as_planned, **given)
    if draw.words is not None:
        return _map_blocks(_chunk_with_words, x, _words(draw.words, x), **as_planned, **given)
    if any(np.isnan(extent) for extent in x.shape):
        raise RandomKeyError(
            "the chunks of x have unknown sizes, and random words go by the index of an element; "
            "call x.compute_chunk_sizes() first"
        )
    key = as_key(draw.key)  # drawn once, so that the result stays what it is however often it is computed
    where = Chunk((0,) * x.ndim, x.shape) if draw.offset == 0 else draw.offset
    as_key(0, where, x.shape)  # raises where it is no place
    return _map_blocks(_chunk_with_key, x, key=key, where=where, **as_planned, **given)


def _words(words: Any, x: Any) -> Any:
    """Return given random words in the chunks of the array."""
    if words.dtype != np.uint32 or words.shape != x.shape:
        raise RandomKeyError(
            f"random_words has dtype {words.dtype} and shape {words.shape}; pass uint32 of the input's shape {x.shape}"
        )
    return _asarray(words).rechunk(x.chunks)


def _no_out(out: Any) -> None:
    if out is not None:
        raise OutputError("out= cannot be used: a Dask array is computed later; take the result")


# --- what runs on a worker -------------------------------------------------------------------------------------------


def _chunk(block: Any, *, task: str, request: Request, draw: Draw, threads: int) -> Any:
    return getattr(backend_of(block), task)(block, request, draw, None, threads)


def _chunk_with_words(block: Any, words: Any, **given: Any) -> Any:
    return _chunk(block, draw=Draw(words=words), **given)


def _chunk_with_key(block: Any, *, key: Key, where: Any, block_info: Any, **given: Any) -> Any:
    info = block_info[0]
    origin = tuple(first for first, _ in info["array-location"])
    if isinstance(where, Chunk):  # the array is itself a chunk
        place = Chunk(tuple(a + b for a, b in zip(where.origin, origin, strict=True)), where.shape)
        return _chunk(block, draw=Draw(_at(key, place, block.shape)), **given)
    made = _at(key, Chunk(origin, info["shape"]), block.shape)
    return _chunk(block, draw=Draw(made._replace(offset=(made.offset + where) % (1 << 64))), **given)


def _at(key: Key, place: Chunk, shape: tuple[int, ...]) -> Key:
    return as_key(key.high << 32 | key.low, place, shape)


def _decode_chunk(codes: Any, *, fmt: Format, kind: Any, threads: int) -> Any:
    return backend_of(codes).decode(codes, fmt, kind, None, threads)
