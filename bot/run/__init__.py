"""The long-running process, its web server, and the checks of `paperwire check`."""
