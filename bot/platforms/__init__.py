"""The platforms, a package each."""
