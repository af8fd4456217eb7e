"""The use cases of the domain, one transaction each, in rooms by subject.

Callers pass the store, `now` and whatever the world decided.
"""
