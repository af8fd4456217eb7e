"""The web: chats on paperwire's own page. Their messages are stored here, and sent to the browsers that show the chat."""
