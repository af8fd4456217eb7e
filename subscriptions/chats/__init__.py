"""Chats: their addresses and settings, and what is known of them."""
