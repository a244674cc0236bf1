"""Dask: chunks, laziness, processes."""
