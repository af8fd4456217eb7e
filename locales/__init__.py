"""Gettext catalogues of paperwire: every sentence that a person reads, in English and Chinese."""
