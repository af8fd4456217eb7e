"""What is one word."""

VERSION = 2
"""The version of the steps of `normalize`. Stored words and canonical texts of another version are made anew."""
