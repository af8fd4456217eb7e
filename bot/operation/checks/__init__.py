"""The checks of `paperwire check`: findings about the machine, the sources and the platforms."""
