"""Calls of the Web API, and the translation of their errors to outcomes. Importing `client` or `errors` loads slack-sdk."""
