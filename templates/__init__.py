"""Jinja templates of the messages, a folder for each platform; bot/rendering fills them."""
