"""Programs, optimizers and scales of torch in narrow formats."""
