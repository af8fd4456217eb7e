"""What people write without a slash: which command or wish it is."""
