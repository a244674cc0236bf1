"""Every operation of a program of torch rounded to a format."""

from chopper_ext.torch.emulation.mode import Emulation, emulate
from chopper_ext.torch.emulation.report import Report

__all__ = ["Emulation", "Report", "emulate"]
