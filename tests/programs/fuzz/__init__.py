"""Fuzzing: a check for each reader of foreign input. Hypothesis, coverage-guided runs and the stored corpus use it."""
