"""What is special to SQLite: one file, one writer at a time, copies of the file, FTS5."""
