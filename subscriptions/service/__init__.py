"""The use cases of the domain, one module for each subject. Each is one transaction, or a part of its caller's.

Callers pass the store, `now` and what only the outside world knows.
"""
