"""Understands sentences.

`reader` learned from examples; `subjects` finds the query in a sentence, `intents` its meaning.
"""
