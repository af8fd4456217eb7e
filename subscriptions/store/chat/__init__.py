"""Chats, their subscriptions, and all that belongs to them."""
