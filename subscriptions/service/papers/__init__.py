"""Papers: ingest, search, counts, and why a paper came or did not."""
