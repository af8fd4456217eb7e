"""The database: transactions, schema, and its errors as sentences."""
