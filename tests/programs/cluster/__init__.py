"""Several workers as real processes on one PostgreSQL. The journal of a fake platform shows what they did."""
