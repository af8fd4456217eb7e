"""The store: the only package that uses SQLModel. Its functions take and return values, never rows.

All functions work inside a transaction of a `Store`. A function that is a complete use case has the decorator `@reads`
or `@writes`. Other functions are called by the use cases of `service`, which decide something or call several functions
in one transaction. Each module has the SQL statements of one subject.
"""
