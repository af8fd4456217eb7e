"""The part of a command that the menu of a platform shows."""

from typing import Protocol

from subscriptions.errors import Sentence


class MenuCommand(Protocol):
    """What a menu shows of a command, and to whom."""

    @property
    def name(self) -> str:
        """The word of the command, without the slash before it."""

    @property
    def summary(self) -> Sentence:
        """What the command does, in a few words."""

    @property
    def needs_manager(self) -> bool:
        """Whether only people who manage the chat may give the command."""

    @property
    def needs_operator(self) -> bool:
        """Whether only operators of the bot may give the command."""

    @property
    def listed(self) -> bool:
        """Whether menus show the command."""
