"""Who delivers when, and how fast it may go."""
