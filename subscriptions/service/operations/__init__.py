"""What operators do and see: copies of the database, status."""
