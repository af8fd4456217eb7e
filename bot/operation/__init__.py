"""The process and what an operator sees of it."""
