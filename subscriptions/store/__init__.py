"""The store: the only package that uses SQLModel. Its functions take and return values, never rows.

They work inside a transaction of a `Store`. A function that is a complete use case has the decorator `@reads`
or `@writes`. The use cases of `service` call the other functions, to decide something or to join several in a
transaction. Each module has the statements of one subject.
"""
