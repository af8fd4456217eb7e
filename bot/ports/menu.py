"""A command as a platform's menu shows it."""

from typing import Protocol

from subscriptions.errors import Sentence


class MenuCommand(Protocol):
    """What a menu needs to know of a command."""

    @property
    def name(self) -> str:
        """The word without the sign before it."""

    @property
    def summary(self) -> Sentence:
        """What the command does, in a few words."""

    @property
    def needs_manager(self) -> bool:
        """Whether only those who manage a chat may give it."""

    @property
    def needs_operator(self) -> bool:
        """Whether only those who run the bot may give it."""

    @property
    def listed(self) -> bool:
        """Whether it stands in menus."""
