"""Papers: ingested, searched, compared."""
