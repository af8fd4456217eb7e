"""The platforms, one folder each: its facts, its markup, what comes in and what goes out.

A platform is on if the settings have its token; `known.py` lists them, and imports the library of one only if it is on.
"""
