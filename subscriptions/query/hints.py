"""The hints on how a query was read, collected while it is read."""

from enum import IntEnum, auto

from subscriptions.errors import Sentence
from subscriptions.query.refusals import shortened


class Rank(IntEnum):
    """The order of hints: parts that find nothing, then parts that may mean something else, then small repairs."""

    NEVER = auto()
    TYPING_ERROR = auto()
    ONE_VALUE = auto()
    LOWER_CASE = auto()
    PHRASE = auto()
    SIGN = auto()
    LIST = auto()
    STAR = auto()
    CLOSED = auto()
    DROPPED = auto()


class Hints:
    """The hints on one text, each once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Rank, Sentence]] = {}

    def say(self, template: str, rank: Rank, **values: object) -> None:
        """Adds a hint (`Sentence`). Long values are shortened."""
        short = {name: shortened(value) if isinstance(value, str) else value for name, value in values.items()}
        hint = Sentence(template, short)
        self._found.setdefault(str(Sentence(template, values)), (rank, hint))

    def stray_star(self) -> None:
        """Says that a star stands where it has no meaning."""
        self.say(
            "A * works only at the end of a word ({example}); elsewhere I read it as a space.",
            Rank.STAR,
            example="neuro*",
        )

    def in_order(self) -> tuple[Sentence, ...]:
        """Returns the hints, the most useful first."""
        return tuple(hint for _, hint in sorted(self._found.values(), key=lambda found: found[0]))
