"""The engines, which run the senders of lanes."""
