"""Matrix products: paths of different speed to the same bits."""
