"""How long a test waits for another process or thread."""

PATIENCE = 240.0  # seconds. A busy machine may need long for a short step; only a test that hangs waits this long.
