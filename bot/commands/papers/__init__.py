"""Commands and buttons about papers: preview, today, search, why, and the card of a paper."""
