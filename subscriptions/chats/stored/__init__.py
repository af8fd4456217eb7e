"""SQL of chats and their subscriptions."""
