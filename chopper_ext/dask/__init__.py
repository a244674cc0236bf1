"""Dask: ``chopper.chop``, ``encode`` and ``decode`` on Dask arrays, chunk by chunk, when the result is computed.

Importing chopper is enough: the arrays bring this adapter in.  A stochastic result does not depend on the chunks: every
element takes the random word of its index in the whole array.
"""

from chopper_ext.dask.chunks import DaskBackend

__all__ = ["DaskBackend", "backend"]

backend = DaskBackend()
"""What the core calls with Dask arrays."""
