"""Slack, through slack-sdk's AsyncWebClient on an aiohttp session of our own."""
