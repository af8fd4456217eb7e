"""Papers: merged from digests, announced, indexed."""
