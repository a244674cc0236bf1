"""Quick witnesses for this machine: tables of exact values, one kernel on three engines, known words, proofs.

None of them needs anything beyond NumPy; the proofs run where z3 is installed.  They are a sample of the test suite,
made to tell within seconds whether the compiler and the processor at hand give the bits that they should.
"""

from chopper.verify.engines import compiled_check
from chopper.verify.proofs import can_prove, proof_check
from chopper.verify.run import Check, checks
from chopper.verify.tables import table_check
from chopper.verify.values import values_check
from chopper.verify.words import words_check

__all__ = [
    "Check",
    "can_prove",
    "checks",
    "compiled_check",
    "proof_check",
    "table_check",
    "values_check",
    "words_check",
]
