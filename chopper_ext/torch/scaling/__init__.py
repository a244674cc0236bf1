"""Scales that follow the data from step to step, and gradients rounded where they arise."""

from chopper_ext.torch.scaling.automatic import AutomaticScaling
from chopper_ext.torch.scaling.delayed import DelayedScaling
from chopper_ext.torch.scaling.gradients import all_reduced, round_gradients

__all__ = ["AutomaticScaling", "DelayedScaling", "all_reduced", "round_gradients"]
