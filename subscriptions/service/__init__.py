"""The use cases of the domain, one module for each subject. Each runs in a transaction of its own or in its caller's.

Callers pass the store, `now`, and values that only the outside world knows.
"""
