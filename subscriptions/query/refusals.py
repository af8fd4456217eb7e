"""What is said about a query: hints on how it was read, and refusals with an example that works."""

from enum import IntEnum, auto

from subscriptions.errors import QueryError, Sentence
from subscriptions.query import Field
from subscriptions.text.cutting import cut_letters

MAX_QUERY_LENGTH = 1000  # most characters of a query
MAX_ALTERNATIVES = 64
SHORTEST_PREFIX = 3  # letters and digits before the star
MOST_PAPERS = 10  # most papers in one value of `like:`
MOST_NEAR = 5  # values of `like:` in one query
_LONGEST_EXAMPLE = 60  # most characters of a typed text that a hint repeats


def too_long() -> QueryError:
    """Refuse more than 1,000 characters."""
    return QueryError(
        Sentence("This is longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it, each as short as {example}", {"example": "diffusion -survey"}),
        MAX_QUERY_LENGTH + 1,
    )


def nothing_asked() -> QueryError:
    """Refuse a text that is empty or only punctuation."""
    return QueryError(
        Sentence("There is no word in this to look for."),
        _for_example("diffusion -survey"),
        1,
    )


def too_many_alternatives() -> QueryError:
    """Refuse more than 64 alternatives in the normal form."""
    return QueryError(
        Sentence("This has more than {limit} alternatives.", {"limit": MAX_ALTERNATIVES}),
        Sentence(
            "Use fewer OR in brackets that follow each other, or make several subscriptions of it. For example: {example}",
            {"example": "(diffusion OR flow) video"},
        ),
        1,
    )


def no_value(typed: str, field: Field, column: int) -> QueryError:
    """Refuse a field without a value. `typed` is the field's name as typed."""
    return QueryError(
        Sentence("{field}: has nothing after it to look for.", {"field": typed}),
        _for_example(field.example),
        column,
    )


class OnlyExcludes(QueryError):
    """The whole query only excludes. It may be added to another one."""


def only_excludes(column: int, excluded: str) -> QueryError:
    """Refuse an alternative that only excludes.

    `excluded` is the typed text if the whole text only excludes, else "".
    """
    if excluded:
        sentence = Sentence("This only excludes. Say what you want, too.")
    else:
        sentence = Sentence("One alternative here only excludes. Say what it should find, too.")
    fits = len(excluded) <= _LONGEST_EXAMPLE and excluded.startswith(("-", "!", "NOT "))
    # the example must not want what is excluded
    wanted = "graph" if "diffusion" in excluded.casefold() else "diffusion"
    kind = OnlyExcludes if excluded else QueryError
    return kind(sentence, _for_example(f"{wanted} {excluded}" if fits else "diffusion -survey"), column)


def stray_bracket(before: str, column: int) -> QueryError:
    """Refuse a `)` that closes no bracket. `before` is the word before it."""
    return QueryError(
        Sentence("This ) closes nothing."),
        Sentence("Leave it out, or put what it belongs to in quotes: {example}", {"example": f'"{before or "f(x"})"'}),
        column,
    )


def short_prefix(word: str, column: int) -> QueryError:
    """Refuse a star after fewer than three letters or digits."""
    return QueryError(
        Sentence(
            "{word}* begins too many words: write at least {count} letters or digits before the *.",
            {"word": shortened(word), "count": SHORTEST_PREFIX},
        ),
        Sentence("Write the whole word, or more of it. For example: {example}", {"example": "neuro*"}),
        column,
    )


def initials_only(initials: str, last_name: str, column: int) -> QueryError:
    """Refuse an author with initials only.

    `last_name` is the word after them, perhaps the last name; "" if none follows.
    """
    name = f"{shortened(initials)} {shortened(last_name) or 'Doe'}"
    return QueryError(
        Sentence("Initials alone fit too many authors."),
        Sentence("Add the last name. For example: {example}", {"example": f'author:"{name}"'}),
        column,
    )


def star_in_category(archive: str, column: int) -> QueryError:
    """Refuse a category that ends in a star."""
    return QueryError(
        Sentence("A * cannot shorten a category; it works only for a whole archive."),
        Sentence(
            "For all of an archive write {all}, for one category {example}",
            {"all": f"cat:{archive}.*", "example": "cat:cs.LG"},
        ),
        column,
    )


def no_paper(value: str, field: Field, column: int) -> QueryError:
    """Refuse a value of nearness that names no paper."""
    return QueryError(
        Sentence("{value} does not name a paper.", {"value": shortened(value)}),
        takes_papers(field.name, field),
        column,
    )


def too_many_papers(column: int) -> QueryError:
    """Refuse a value of `like:` that names too many papers, and a query with too many values of `like:`."""
    return QueryError(
        Sentence(
            "One like: takes at most {papers} papers, and a query at most {most} like:.",
            {"papers": MOST_PAPERS, "most": MOST_NEAR},
        ),
        Sentence("Make several subscriptions of it. For example: {example}", {"example": "like:2601.15529,2601.15530"}),
        column,
    )


def shortened(text: str) -> str:
    """Return the beginning of a typed text, short enough for a sentence."""
    return cut_letters(text, _LONGEST_EXAMPLE)


def _for_example(example: str) -> Sentence:
    return Sentence("For example: {example}", {"example": example})


def takes_papers(typed: str, field: Field) -> Sentence:
    """Return what must follow a field of nearness. `typed` is the name of the field as typed."""
    return Sentence(
        "{field}: takes the number of a paper, such as {example}", {"field": typed, "example": field.example}
    )


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
        """Add a hint (`Sentence`). Long values are shortened."""
        short = {name: shortened(value) if isinstance(value, str) else value for name, value in values.items()}
        hint = Sentence(template, short)
        self._found.setdefault(str(Sentence(template, values)), (rank, hint))

    def stray_star(self) -> None:
        """Say that a star is where it has no meaning."""
        self.say(
            "A * works only at the end of a word ({example}); elsewhere I read it as a space.",
            Rank.STAR,
            example="neuro*",
        )

    def in_order(self) -> tuple[Sentence, ...]:
        """Return the hints, the most useful first."""
        return tuple(hint for _, hint in sorted(self._found.values(), key=lambda found: found[0]))
