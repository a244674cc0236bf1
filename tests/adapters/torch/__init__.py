"""The torch adapter: the bits of NumPy, gradients by definition, graphs."""
