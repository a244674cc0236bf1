"""The walk through what JAX traced: equation by equation, into the bodies of calls, branches and loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core

from chopper_ext.jax.emulation.operations import bind, perform
from chopper_ext.jax.emulation.policy import Policy
from chopper_ext.jax.emulation.primitives import OPENED
from chopper_ext.jax.straight import in_reverse, through
from chopper_ext.jax.streams import nth

__all__ = ["walk"]


def walk(policy: Policy, body: Any, operands: Sequence[Any], key: Any) -> list[Any]:
    """Return the results of a body; equation n draws from the n-th key of the stream."""
    inner, constants = (body.jaxpr, body.consts) if isinstance(body, core.ClosedJaxpr) else (body, ())
    found = dict(zip([*inner.constvars, *inner.invars], [*constants, *operands], strict=True))

    def read(one: Any) -> Any:
        return one.val if isinstance(one, core.Literal) else found[one]

    for n, equation in enumerate(inner.eqns):
        values = [read(one) for one in equation.invars]
        with equation.ctx.manager:
            found.update(zip(equation.outvars, _step(policy, equation, values, key, n), strict=True))
    return [read(one) for one in inner.outvars]


def _step(policy: Policy, equation: Any, values: list[Any], key: Any, n: int) -> list[Any]:
    name = equation.primitive.name
    key = nth(key, n)
    if name not in OPENED or name in policy.exclude:
        return perform(policy, equation, values, key)
    if name == "scan":
        return _scan(policy, equation.params, values, key)
    if name == "while":
        return _while(policy, equation.params, values, key)
    if name == "cond":
        branches = [lambda *xs, body=body: walk(policy, body, xs, key) for body in equation.params["branches"]]
        return list(lax.switch(values[0], branches, *values[1:]))
    return _call(policy, equation, values, key)


def _call(policy: Policy, equation: Any, values: list[Any], key: Any) -> list[Any]:
    name, parameters = equation.primitive.name, equation.params
    body = parameters["call_jaxpr" if "call_jaxpr" in parameters else "jaxpr"]

    def run(key: Any, *operands: Any) -> list[Any]:
        return walk(policy, body, operands, key)

    def plain(*operands: Any) -> list[Any]:
        return bind(equation, list(operands))

    if name == "custom_jvp_call":
        return list(through(run, plain)(key, *values))
    if name == "custom_vjp_call":
        return list(in_reverse(run, plain)(key, *values))
    if name in ("remat2", "checkpoint"):
        kept = {name: parameters[name] for name in ("prevent_cse", "policy")}
        checkpoint: Any = jax.checkpoint
        return list(checkpoint(run, **kept)(key, *values))
    if name == "shard_map":
        return _shards(parameters, lambda *operands: run(key, *operands), values)
    return run(key, *values)


def _shards(parameters: dict[str, Any], run: Any, values: list[Any]) -> list[Any]:
    mapped: Any = jax.shard_map(
        lambda *xs: tuple(run(*xs)),
        mesh=parameters["mesh"],
        in_specs=tuple(parameters["in_specs"]),
        out_specs=tuple(parameters["out_specs"]),
        axis_names=parameters["newly_manual_axes"],
        check_vma=parameters["check_vma"],
    )
    return list(mapped(*values))


def _scan(policy: Policy, parameters: dict[str, Any], values: list[Any], key: Any) -> list[Any]:
    """Run a scan; iteration i draws from the i-th key, i being the position in the scanned arrays."""
    fixed, carried = parameters["num_consts"], parameters["num_carry"]
    constants, first, rest = values[:fixed], values[fixed : fixed + carried], values[fixed + carried :]

    def step(carry: list[Any], given: tuple[Any, list[Any]]) -> tuple[list[Any], list[Any]]:
        place, xs = given
        out = walk(policy, parameters["jaxpr"], [*constants, *carry, *xs], nth(key, place))
        return out[:carried], out[carried:]

    places = jnp.arange(parameters["length"], dtype=jnp.int32)
    settings = {name: parameters[name] for name in ("length", "reverse", "unroll")}
    last, stacked = lax.scan(step, first, (places, rest), **settings)
    return [*last, *stacked]


def _while(policy: Policy, parameters: dict[str, Any], values: list[Any], key: Any) -> list[Any]:
    """Run a loop; the condition of iteration i draws from key 2i of the stream, its body from key 2i + 1."""
    asked, done = parameters["cond_nconsts"], parameters["body_nconsts"]
    of_test, of_body, first = values[:asked], values[asked : asked + done], values[asked + done :]

    def test(state: tuple[Any, list[Any]]) -> Any:
        i, carry = state
        return walk(policy, parameters["cond_jaxpr"], [*of_test, *carry], nth(key, 2 * i))[0]

    def body(state: tuple[Any, list[Any]]) -> tuple[Any, list[Any]]:
        i, carry = state
        return i + 1, walk(policy, parameters["body_jaxpr"], [*of_body, *carry], nth(key, 2 * i + 1))

    return list(lax.while_loop(test, body, (jnp.int32(0), first))[1])
