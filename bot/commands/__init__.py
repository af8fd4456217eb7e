"""The commands: functions from a `CommandContext` to a `Reply`, the same on every platform.

`intent` decides which command a request asks for, and lists all commands, buttons and events; the composition root passes
that registry to the conversation, and no command imports it. `phrasing` says values in words, for chats and for the terminal.
"""
