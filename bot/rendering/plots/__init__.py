"""Plots: as SVG, drawn by the server, and as text."""
