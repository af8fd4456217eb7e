"""The program: everything of paperwire that touches the world."""
