"""Fetches digests from the web: computes the requests of a source, which `fetcher` sends by httpx."""
