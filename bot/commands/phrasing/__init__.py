"""Values in words, as chats and the terminal both show them.

These are functions of values only: they load neither the store nor a platform.
"""
