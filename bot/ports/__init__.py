"""What paperwire asks of the world: one small module per port, each with its contract and the values that cross it."""
