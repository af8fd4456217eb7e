"""Measures how fast the papers of a day are matched with queries, paperwire beside other engines (`__main__`)."""
