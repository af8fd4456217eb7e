"""Values in words: what chats and the terminal both say. Functions of values only, which load neither the store nor a platform."""
