"""The meaning of papers and questions as vectors.

`texts` decides which texts of a paper are encoded, `encoders` asks a process for their vectors, and `child`, which only that
process loads, makes them and rounds them to the bits that subscriptions/meaning.py compares.
"""
