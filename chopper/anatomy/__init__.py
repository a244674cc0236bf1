"""One number, one code, one format, taken apart: what the ``chopper`` command shows.

What differs between families is said once for each, in functions that dispatch on the format: `split` and `layout`,
`kind_of` and `exact_text`, `special_codes`, `positive_codes`, `turn_between`.  A family that registers nothing is shown
by its values alone.
"""

from chopper.anatomy.accuracy import Binade, Gap, binades, gaps
from chopper.anatomy.codes import Code, code_of, exact_text, kind_of
from chopper.anatomy.layout import Field, bit_fields, fields, layout, split
from chopper.anatomy.line import number_line, some_values
from chopper.anatomy.order import count_below, positive_codes
from chopper.anatomy.rounded import Rounded, explain
from chopper.anatomy.special import row_of, special_codes
from chopper.anatomy.text import dyadic
from chopper.anatomy.turn import Turn, turn_between

__all__ = [
    "Binade",
    "Code",
    "Field",
    "Gap",
    "Rounded",
    "Turn",
    "binades",
    "bit_fields",
    "code_of",
    "count_below",
    "dyadic",
    "exact_text",
    "explain",
    "fields",
    "gaps",
    "kind_of",
    "layout",
    "number_line",
    "positive_codes",
    "row_of",
    "some_values",
    "special_codes",
    "split",
    "turn_between",
]
