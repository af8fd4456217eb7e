"""Digests come in: from watched folders and from the web."""
