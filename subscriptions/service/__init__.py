"""The use cases of the domain, one module for each subject. Each runs in its own transaction or in that of its caller.

Callers pass the store, `now`, and values that only the outside world knows.
"""
