"""Tests of single promises, through the door of `tests.product` only. Each story of several promises is in tests/story."""
