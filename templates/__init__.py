"""Jinja templates of paperwire's messages and pages, a folder for each platform and the gallery.

Bot/rendering fills them.
"""
