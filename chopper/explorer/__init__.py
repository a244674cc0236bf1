"""One page that shows formats: their numbers, codes, rounding, accuracy and shared scales, and what they do to data.

The page is a single file of HTML: it asks nothing of any network or server.  Numbers are rebuilt in it by exact integer
arithmetic from the fields of each format; tests hold all of them against the library.
"""

from chopper.explorer.describe import describe
from chopper.explorer.page import page, show_page, write_page
from chopper.explorer.study import is_quick, study

__all__ = ["describe", "is_quick", "page", "show_page", "study", "write_page"]
