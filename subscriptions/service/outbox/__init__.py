"""The outbox: claim, send, confirm, retry."""
