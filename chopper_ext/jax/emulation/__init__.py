"""Functions whose every operation rounds: an interpreter of what JAX traces."""

from chopper_ext.jax.emulation.calls import emulate

__all__ = ["emulate"]
