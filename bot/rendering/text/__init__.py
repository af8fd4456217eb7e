"""One text: cleaned, cut, folded, marked, its TeX readable; links of papers; languages; queries in words."""
