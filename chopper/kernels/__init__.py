"""The algorithms, one branch-free integer function per family, written once for every backend.

The dialect: assignments and one return; ``+ - * & | ^ << >>``, comparisons, and calls to the injected ``where`` and
``rule`` or to other kernels.  Arguments are signed two's complement integers of the carrier's width, as Python ints,
arrays, tensors, tracers or bit-vectors.
"""
