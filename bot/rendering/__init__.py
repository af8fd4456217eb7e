"""Turns a delivery or a reply into messages in the markup of a platform. Only this package uses Jinja.

- `cleaning.py`, `language.py`: clean foreign text, write sentences and queries in a language
- `views.py`, `packing.py`: the values that a message consists of, and the medium that writes and packs them
- `outline.py`, `delivery_messages.py`, `reply_messages.py`: turn a delivery or a reply into messages
- `appearance.py`: the look of a message, as values, also in a terminal; `templating.py`: pages

A message has a payload and a plain form without markup. Both are JSON objects as text, which the platform's channel posts
unchanged. Their shapes are in the module `markup` of each platform.
"""
