"""Jinja templates of paperwire's messages, a folder for each platform; bot/rendering fills them."""
