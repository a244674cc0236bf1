"""Inputs that other tools get wrong."""
