"""Error-free transformations, expansions and compensated sums, judged in integers and fractions."""
