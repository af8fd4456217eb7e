"""What the steps of the pipeline are given."""
