"""Subscriptions of a chat: add, change, pause, undo, export and import."""
