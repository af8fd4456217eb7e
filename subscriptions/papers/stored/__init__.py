"""SQL of papers, their words and their digests."""
