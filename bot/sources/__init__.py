"""Reads digests from watched files and folders and from sources on the web, and stores their papers."""
