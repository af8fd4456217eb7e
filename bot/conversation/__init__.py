"""People talk to the bot: from a request to its stored reply."""
