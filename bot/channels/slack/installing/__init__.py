"""Workspaces that install the app by OAuth, and their encrypted tokens."""
