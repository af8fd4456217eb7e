"""The plan: which papers a chat gets, when, and why."""
