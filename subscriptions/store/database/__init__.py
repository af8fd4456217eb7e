"""The database: transactions, turns of writers, schema, and its errors as sentences."""
