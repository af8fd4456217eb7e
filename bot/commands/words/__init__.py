"""Understands sentences: `reader` learned from examples, `subjects` finds queries in them, `intents` their meaning."""
