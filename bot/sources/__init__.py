"""Brings digests into the store: reads watched files and folders, and polls sources on the web."""
