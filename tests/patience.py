"""How long a test waits for another process or thread."""

PATIENCE = 240.0  # seconds. A busy machine may need many for a short step. A hang waits for all of them.
