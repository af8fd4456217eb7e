"""The outbox: what is planned, what is on its way, what became of it."""
