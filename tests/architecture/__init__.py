"""How chopper may be built, as tests that read imports and syntax trees."""
