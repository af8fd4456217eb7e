"""Understands sentences: marks and tokens, a scorer that learned from examples, the subject of a sentence, its meaning."""
