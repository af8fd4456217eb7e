"""Receives what Slack sends, by Socket Mode or HTTP, and translates it to requests."""
