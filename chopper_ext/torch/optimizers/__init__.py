"""Optimizers whose weights, gradients and states have few digits."""

from chopper_ext.torch.optimizers.collage import Collage
from chopper_ext.torch.optimizers.measures import Figures
from chopper_ext.torch.optimizers.optimizer import ChopOptimizer

__all__ = ["ChopOptimizer", "Collage", "Figures"]
