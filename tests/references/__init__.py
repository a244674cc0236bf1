"""Other libraries, each where it is right."""
