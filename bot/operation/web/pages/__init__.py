"""The pages of the operator, and what all pages need: sessions, the guard, sign-in, style and script."""
