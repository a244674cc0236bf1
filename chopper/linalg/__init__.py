"""Linear algebra in a format: every elementary operation is rounded, in an order that is written down."""

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
