"""The store: the only home of SQLModel. It takes and returns values, never rows.

Its functions work inside a transaction of a `Store`. Those that are a use case by themselves say how: `@reads` or
`@writes`; with others the use cases of `service` decide something, or join several. One module has the statements of one subject.
"""
