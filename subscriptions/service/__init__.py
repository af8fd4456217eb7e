"""The use cases of the domain, one module for each subject. Each is a transaction, or a part of its caller's one.

Callers pass the store, `now`, and values that only the outside world knows.
"""
