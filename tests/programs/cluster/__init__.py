"""Several workers as real processes, on one PostgreSQL, with a fake platform as the judge."""
