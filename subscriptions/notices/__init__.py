"""Notices: news about the service itself. Each is one class with a cause, typed details, a key and its words.

- `notice.py`: what every notice has, and how its details are stored and read
- `chats.py`, `operations.py`: the notices by subject
- `declared.py`: `NOTICES`, all of them; a new notice is a class and its name there

`subscriptions.service.notices` stores notices in the outbox, `bot.rendering` writes them out.
"""
