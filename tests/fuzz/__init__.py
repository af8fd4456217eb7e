"""Fuzzing: one check for each thing that reads what others wrote, for Hypothesis, for a run guided by coverage, and for the kept corpus."""
