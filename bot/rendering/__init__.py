"""Delivery or Reply → messages in the markup of a platform. The only room with Jinja.

- `text/`: cleaning, folding and marking of a text, its TeX as letters; links; languages; queries in words
- `views/`: the values that a message is made of, and the medium that writes them
- `deliveries/`: delivery → messages (`delivery_messages.render_delivery`)
- `replies/`: reply → messages (`reply_messages.render_reply`)
- `plain.py`: the plain form of a message; `terminal.py`: texts with marks in a terminal; `templating.py`: pages for people

A message has a payload and a plain form without markup, both JSON objects as text, which the platform's channel posts
as they are. Their shapes are in the markup of each platform.
"""
