"""The meaning of papers and questions as vectors.

`texts` decides which texts of a paper are encoded. A child process, which loads NumPy and the encoder, makes vectors of
them and rounds them to the bits that subscriptions/meaning.py compares.
"""
