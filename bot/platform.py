"""Platforms."""

from subscriptions.model import ChatAddress


def slash(chat: ChatAddress) -> str:
    """What stands before the name of a command in a chat. Slack has one command, and in threads takes only mentions."""
    if chat.platform == "slack":
        return "@paperwire " if chat.topic else "/paperwire "
    return "/"
