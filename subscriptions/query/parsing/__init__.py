"""From what a person typed to a part of a query."""
