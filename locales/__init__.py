"""Gettext catalogues: every sentence that a person reads, in English and Chinese."""
