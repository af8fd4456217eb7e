"""Measures how fast the papers of a day are matched with queries, by paperwire and by other engines (`__main__`)."""
