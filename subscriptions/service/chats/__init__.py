"""Chats and people: access, owners, conversation state, workspaces, retention."""
