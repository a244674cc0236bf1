"""Dtypes, memory and files of other tools."""
