"""The meaning of papers and questions as vectors.

`encoders` decides which texts of a paper are encoded and asks a process for their vectors; `child`, which only that
process loads, makes them and rounds them to the bits that subscriptions/matching/similarity.py compares.
"""
