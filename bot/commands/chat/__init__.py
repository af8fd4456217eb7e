"""Commands, buttons and events of a chat as a whole: start, help, settings, status, undo, its data, and what happens to it."""
