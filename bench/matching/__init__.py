"""Measures how fast paperwire and other engines match the papers of a day with queries (`__main__`)."""
