"""Shows messages as their platforms do: the gallery as an HTML page, chats in a terminal."""
