"""Calls of the Bot API, and the translation of their errors to outcomes. Importing `client` or `errors` loads the library."""
