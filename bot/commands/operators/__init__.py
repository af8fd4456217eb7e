"""Commands of whoever runs the bot: who is let in, and who is not."""
