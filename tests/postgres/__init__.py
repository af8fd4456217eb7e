"""A PostgreSQL for the tests: one cluster for each run, a database for each test."""
