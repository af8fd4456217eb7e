"""What Slack sends, by Socket Mode or HTTP, and its translation to requests."""
