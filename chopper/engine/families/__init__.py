"""One module or package per format family: from a request to a plan."""
