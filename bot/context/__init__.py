"""What the steps of the pipeline are given: their dependencies, the database, the writes."""
