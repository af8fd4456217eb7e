"""A third platform, written without touching the product: letters in a folder, one file each.

`facts` declares it, `adapter` connects it. People write letters into `in`, the bot's letters are in `out`.
"""
