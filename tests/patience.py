"""How long a test waits for another process or thread."""

PATIENCE = (
    240.0  # seconds for what takes a moment: a machine that is busy with other work may need many; a hang takes all
)
