"""The console: messages as text in a terminal, a file or a pipe."""
