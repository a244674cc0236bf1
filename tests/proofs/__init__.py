"""Proofs, for all inputs, about the kernels that the library runs."""
