"""Arrays of a format compute what a loop over their elements computes."""
