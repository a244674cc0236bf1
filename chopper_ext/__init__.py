"""Adapters of chopper to other libraries: thin, one framework each, loaded only when a call brings its arrays."""
