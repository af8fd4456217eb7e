"""Programs that are not tests: faults, the year, several processes, promises. For each, a test makes a short run."""
