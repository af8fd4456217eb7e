"""The long-running process, its web address, and the checks of `paperwire check`."""
