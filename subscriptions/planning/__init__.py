"""What is due and when: pure decisions over values and `now`."""
