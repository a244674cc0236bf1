"""Real instructions beside the models of `chopper.hardware`: inputs, comparison, report, recorded vectors.

What runs is what this machine offers: probes come from `chopper_ext.probes`, and from other packages by entry points.
"""

from chopper.verify.hardware.command import ROWS, verify_hardware
from chopper.verify.hardware.comparison import Comparison, compare, differing
from chopper.verify.hardware.conversion import Converted, convert
from chopper.verify.hardware.inputs import classes, tiles
from chopper.verify.hardware.probing import ConversionProbe, Probe, conversion_probes, probes
from chopper.verify.hardware.report import lines, page
from chopper.verify.hardware.suite import Rehearsal, as_data, run
from chopper.verify.hardware.vectors import record, replay

__all__ = [
    "ROWS",
    "Comparison",
    "ConversionProbe",
    "Converted",
    "Probe",
    "Rehearsal",
    "as_data",
    "classes",
    "compare",
    "conversion_probes",
    "convert",
    "differing",
    "lines",
    "page",
    "probes",
    "record",
    "replay",
    "run",
    "tiles",
    "verify_hardware",
]
