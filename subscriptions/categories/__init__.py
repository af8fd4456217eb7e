"""The categories of arXiv and bioRxiv: their tree and their names."""
