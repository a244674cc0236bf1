"""One term of a truncated fused sum in 32 bits; see `chopper.kernels.fused` for any number of bits."""

__all__ = ["lower"]


def lower(where, s, fall):
    """Return s 2^-fall truncated toward zero, for abs(s) < 2^31 and fall >= 0."""
    right = where(fall > 31, 31, fall)
    m = where(s < 0, -s, s) >> right
    return where(s < 0, -m, m)
