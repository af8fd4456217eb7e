"""Several `paperwire run` on one PostgreSQL, which are killed and stopped, and whose server crashes, while people write."""
