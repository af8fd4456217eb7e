"""Understands sentences: what a text without a slash says, alone or after the message before it, and does it. May be removed."""
