"""Programs that are no tests: faults, the year, the soak, the cluster, fuzzing. Each has a short run among the tests."""
