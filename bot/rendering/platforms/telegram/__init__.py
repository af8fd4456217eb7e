"""Telegram: messages as HTML, and what that HTML looks like."""
