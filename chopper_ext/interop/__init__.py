"""Dtypes and files of other tools: one module each, which imports that tool alone."""

__all__: list[str] = []
