"""Running the models of matrix units."""

__all__: list[str] = []
