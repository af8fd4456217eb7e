"""A PostgreSQL for the tests: one cluster per run, one database per test."""
