"""What people can type and press, and the replies: a Request in, a Reply out, the same on every platform.

`intent` decides which command a request asks for. A command is a function from a `CommandContext` to a `Reply`; `registry` lists
all of them and is handed to whoever needs it. The families are `chat`, `subscriptions`, `papers` and `operators`; each imports `core` and
`phrasing`, none imports the registry. `phrasing` says values in words and is shared with the terminal.
"""
