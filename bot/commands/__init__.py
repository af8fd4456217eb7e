"""The commands: functions from a `CommandContext` to a `Reply`, the same on every platform.

`intent` decides which command a request asks for. `registry` lists all commands, buttons and events; the composition root
passes it to the conversation. The families are `chat`, `subscriptions`, `papers` and `operators`; each imports `core` and
`phrasing`, none imports the registry. `phrasing` says values in words, for chats and for the terminal.
"""
