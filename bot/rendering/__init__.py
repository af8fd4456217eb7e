"""Delivery or Reply → messages in the markup of a platform. The only room with Jinja.

- `text/`: cleaning, folding and marking of a text, its TeX as letters; links; languages; queries in words
- `views/`: the values that a message is made of, and the medium that writes them
- `platforms/`: a medium per platform, what its messages look like; `media.py` lists them
- `deliveries/`: delivery → messages (`delivery_messages.render_delivery`)
- `replies/`: reply → messages (`reply_messages.render_reply`)
- `display/`: what a message looks like on its platform, for the gallery and the terminal

A message has a payload and a plain form without markup, both JSON objects as text, which the platform's channel posts
as they are; the modules of `platforms/` say their shapes.
"""
