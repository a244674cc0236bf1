"""The engine: formats lowered to integers, kernels compiled and run."""
