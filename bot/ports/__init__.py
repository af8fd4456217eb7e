"""The ports: interfaces to the world outside, one module each, with the values that they exchange."""
