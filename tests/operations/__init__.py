"""Operations against the exact result in fractions, rounded once by definition."""
