"""Chats on paperwire's own web page. Their channel comes with the web page; until then only their addresses are known."""
