"""The ports: the interfaces to platforms, and the values that pass through them."""
