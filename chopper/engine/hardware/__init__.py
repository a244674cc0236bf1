"""The arithmetic of matrix units: one module for each model, with a function ``products``."""
