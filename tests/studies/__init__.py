"""What analysts do with formats: soft errors, random rounding, scaling, and measuring errors."""
