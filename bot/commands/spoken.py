"""What a text says beyond a query or a command with a slash. Only a room that understands sentences knows."""

from collections.abc import Callable, Sequence
from datetime import time
from functools import cache
from importlib import import_module

from bot.commands.context import CommandContext
from bot.ports.channel import Reply
from subscriptions.model import Subscription
from subscriptions.planning.times.reading import clock_of


class Spoken:
    """What a text says where no room understands sentences: nothing, so that it is a query or an answer to a question."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def command(self) -> tuple[str, str] | None:
        """Returns (command, arguments) if the text surely means a command; otherwise None."""
        return None

    @property
    def wishes(self) -> Sequence[tuple[str, str] | None]:
        """Returns the command of each wish of a text that may hold several; () for a text that is one wish."""
        return ()

    @property
    def follows(self) -> bool:
        """Returns whether the text may mean something else after another message."""
        return False

    @property
    def language(self) -> str:
        """Returns the language of a sentence, "en" or "zh"; "" for any other text."""
        return ""

    @property
    def query(self) -> str:
        """Returns the query in a sentence; the text itself if it is not a sentence."""
        return self.text

    @property
    def is_talk(self) -> bool:
        """Returns whether the text is small talk, such as "nice"."""
        return False

    @property
    def is_order(self) -> bool:
        """Returns whether the text means something, so that it is no answer to the question for a place."""
        return False

    @property
    def is_of_the_clock(self) -> bool:
        """Returns whether the text says where the person is, or what time it is there."""
        return False

    @property
    def place(self) -> str:
        """Returns the place in a sentence of the clock; otherwise the text itself."""
        return self.text

    @property
    def clock(self) -> time | None:
        """Returns the time in a text that only says what time it is, such as "it's 1pm here"; None for other texts."""
        return clock_of(self.text)

    @property
    def is_empty(self) -> bool:
        """Returns whether the text has only words that say nothing of papers, such as "please" and "the"."""
        return False

    def chosen(self, _there: Sequence[Subscription]) -> Sequence[Subscription]:
        """Returns the subscriptions that an answer means, as "the second one" and "the kelp one" do."""
        return ()

    def named(self, _there: Sequence[Subscription]) -> Sequence[Subscription]:
        """Returns the subscriptions that the text names by their words."""
        return ()

    def exempting(self, _context: CommandContext) -> Reply | None:
        """Asks what shall happen to all subscriptions but some that the text exempts; None if it exempts none."""
        return None

    def papers(self, _context: CommandContext) -> Reply | None:
        """Shows the papers for which a sentence asks; None if the text is a query."""
        return None

    def papers_of_days(self, _context: CommandContext) -> Reply | None:
        """Shows the papers of the day that the text names; None if it names none."""
        return None


def spoken(text: str) -> Spoken:
    """Returns what a text says."""
    return _understands()(text)


@cache
def _understands() -> Callable[[str], Spoken]:
    """Returns what understands sentences. It is imported at the first need, since it imports commands."""
    understand: Callable[[str], Spoken] = import_module("bot.sentences.understanding").understand
    return understand
