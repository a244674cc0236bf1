"""Tests of the families of formats, each against a definition of its own."""
