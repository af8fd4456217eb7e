"""The commands: functions from a `Context` to a `Reply`, the same on every platform.

`intent` decides which command a request means, and holds the registry: the list of all commands, buttons and events.
The composition root passes the registry to the conversation; no command imports it. `phrasing` writes values in words,
for chats and for the terminal.
"""
