"""Linear algebra in a format: every elementary operation is rounded, in an order that is written down.

Options that all functions have in common:

fmt, rounding
    The format and mode of every operation, as for `chopper.chop`.
key
    For random modes: where the stream of keys starts; each operation on arrays takes the next one.  Without it, fresh
    entropy.  The same key gives the same result.
arithmetic
    An `Arithmetic` in place of all three, with its overflow policy, random bits and flags.
order
    Of sums: ``sequential``, ``((t0 + t1) + t2) + t3``, or ``pairwise``, ``(t0 + t1) + (t2 + t3)``, an odd last term
    waiting for the next round.  By default sequential, or what `arithmetic` says.  Pairwise sums are faster here.
progress
    None: silence; a function: called with (steps done, steps in all); True: a bar, drawn by rich.

Arguments are real numbers of at most 64 bits and are rounded to the format first.  Results are arrays of float64 that
hold values of the format.  The docstrings tell every operation and its order, so a result is determined bit for bit; in
fp32 and fp64 to nearest even the processor's own operations are used, which are the same ones.
"""

from chopper.linalg.breakdown import BreakdownError
from chopper.linalg.conjugate import cg
from chopper.linalg.eigen import power_iteration
from chopper.linalg.elimination import LU, lu
from chopper.linalg.fourier import fft, ifft
from chopper.linalg.iterates import Eigenpair, Iterates
from chopper.linalg.krylov import gmres
from chopper.linalg.orthogonal import QR, qr
from chopper.linalg.refinement import Refinement, refine
from chopper.linalg.steps import euler, rk4
from chopper.linalg.symmetric import cholesky
from chopper.linalg.systems import lstsq, solve
from chopper.linalg.triangular import solve_triangular

__all__ = [
    "LU",
    "QR",
    "BreakdownError",
    "Eigenpair",
    "Iterates",
    "Refinement",
    "cg",
    "cholesky",
    "euler",
    "fft",
    "gmres",
    "ifft",
    "lstsq",
    "lu",
    "power_iteration",
    "qr",
    "refine",
    "rk4",
    "solve",
    "solve_triangular",
]
