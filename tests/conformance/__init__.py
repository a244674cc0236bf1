"""Every format in every mode against the definition, and every execution of a kernel against every other."""
