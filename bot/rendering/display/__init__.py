"""What a message looks like on its platform: the gallery as an HTML page, chats in a terminal."""
