"""Texts: words, folding, cutting, statements. Pure."""
