"""Cleaning, folding and marking of a text, its TeX as letters; links of papers; languages; queries in words."""
