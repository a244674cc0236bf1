"""JAX: bits, transformations, sharding."""
