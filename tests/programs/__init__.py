"""Programs that are not tests: faults, the year, the cluster, fuzzing. For each, a test makes a short run."""
