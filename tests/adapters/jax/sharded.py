"""Run in a process with eight devices: arrays that are spread over them have the bits of arrays that are not."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import chopper
from chopper.random import Chunk

__all__ = ["main"]

SHAPE = (16, 24)
CASES = (("e4m3", "nearest_even"), ("e4m3", "stochastic"), ("nf4", "stochastic"))


def main() -> None:
    """Compare; print how many values."""
    assert jax.device_count() == 8
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    compared = 0
    for kind in (AxisType.Auto, AxisType.Explicit):
        mesh = jax.make_mesh((4, 2), ("a", "b"), axis_types=(kind, kind))
        for fmt, mode in CASES:
            want = _round(x, 11, fmt, mode)
            compared += _spread(x, fmt, mode, mesh, want)
            compared += _by_hand(x, fmt, mode, mesh, want)
    print(compared)


def _round(x, key, fmt, mode, **options):
    return chopper.chop(x, fmt, mode, **({"key": key, **options} if mode == "stochastic" else {}))


def _spread(x, fmt, mode, mesh, want) -> int:
    """Under jit, and at once, on sharded inputs; the results stay where they are."""
    count = 0
    compiled = jax.jit(_round, static_argnums=(2, 3))
    for spec, run in ((P("a", "b"), compiled), (P(None, ("b", "a")), compiled), (P("b", "a"), _round)):
        sharding = NamedSharding(mesh, spec)
        got = run(jax.device_put(x, sharding), jax.random.key(11), fmt, mode)
        assert got.sharding.is_equivalent_to(sharding, 2), (got.sharding, sharding)
        assert np.array_equal(np.asarray(got), want), (fmt, mode, spec)
        count += want.size
    return count


def _by_hand(x, fmt, mode, mesh, want) -> int:
    """Inside shard_map, where each shard says where it lies."""
    spec = P("a", "b")

    @partial(jax.shard_map, mesh=mesh, in_specs=(spec, P()), out_specs=spec)
    def run(part, key):
        origin = tuple(lax.axis_index(name) * n for name, n in zip("ab", part.shape, strict=True))
        return _round(part, key, fmt, mode, offset=Chunk(origin, SHAPE))

    y = jax.device_put(jnp.asarray(x), NamedSharding(mesh, spec))
    assert np.array_equal(np.asarray(jax.jit(run)(y, jax.random.key(11))), want), (fmt, mode)
    return want.size


if __name__ == "__main__":
    main()
