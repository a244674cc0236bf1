"""Do frameworks and devices give the same bits?"""
