"""Fuzzing: a check for each reader of foreign input, for Hypothesis, coverage-guided runs and the kept corpus."""
