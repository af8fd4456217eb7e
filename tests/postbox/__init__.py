"""A third platform, which needs no change of the product: letters are files in a folder.

`facts` declares the platform, `adapter` connects it. People put letters into the folder `in`, the bot puts its own
letters into `out`.
"""
