"""Delivery or Reply → messages in the markup of a platform. The only room with Jinja.

- `cleaning.py`, `tex.py`, `language.py`, `cldr.py`, `query_text.py`: folding and marking of a text, TeX as letters, languages, queries in words
- `parts.py`, `packing.py`, `papers.py`, `buttons.py`: the values that a message is made of, and the medium that writes them
- `delivery_messages.py` and `reply_messages.py`: a delivery or a reply → messages
- `appearance.py`: the look of a message, as values; `terminal.py`: texts with marks in a terminal; `templating.py`: pages

A message has a payload and a plain form without markup, both JSON objects as text, which the platform's channel posts
as they are. Their shapes are in the markup of each platform.
"""
