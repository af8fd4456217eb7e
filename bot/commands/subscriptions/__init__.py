"""Commands and buttons that add, show, change and remove subscriptions."""
