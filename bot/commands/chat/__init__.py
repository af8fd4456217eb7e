"""Commands, buttons and events of a chat as a whole: start, help, settings, status, undo, privacy, and changes of the chat itself."""
