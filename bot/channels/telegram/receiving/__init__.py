"""Updates of Telegram, by long polling or a webhook, and their translation to requests."""
