"""What keeps an installation healthy: start, clean-up, restore, findings."""
