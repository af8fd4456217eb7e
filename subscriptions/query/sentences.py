"""The refusals of queries, and the hints on how a query was read.

Each refusal has a hint with an example that works. Hints are ranked, the most useful first.
"""

from dataclasses import dataclass, field
from enum import IntEnum, auto

from subscriptions.cutting import clip
from subscriptions.errors import QueryError, Sentence
from subscriptions.query.syntax import Field

MAX_QUERY_LENGTH = 1000  # characters
MAX_ALTERNATIVES = 64
SHORTEST_PREFIX = 3  # letters and digits before the star
MOST_PAPERS = 10  # in one value of `like:`
MOST_NEAR = 5  # values of `like:`; each adds some 300 characters to the canonical text
_LONGEST_EXAMPLE = 60  # characters of a typed text that a hint repeats


# ------------------------------------------------------------------------------------------------------------ refusals


def too_long() -> QueryError:
    """Refuses more than 1,000 characters."""
    return QueryError(
        Sentence("This is longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it, each as short as {example}", {"example": "diffusion -survey"}),
        MAX_QUERY_LENGTH + 1,
    )


def nothing_asked() -> QueryError:
    """Refuses a text that is empty or only punctuation."""
    return QueryError(
        Sentence("There is no word in this to look for."),
        _for_example("diffusion -survey"),
        1,
    )


def too_many_alternatives() -> QueryError:
    """Refuses more than 64 alternatives in the normal form."""
    return QueryError(
        Sentence("This stands for more than {limit} alternatives.", {"limit": MAX_ALTERNATIVES}),
        Sentence(
            "Use fewer OR in brackets that follow each other, or make several subscriptions of it. For example: {example}",
            {"example": "(diffusion OR flow) video"},
        ),
        1,
    )


def no_value(typed: str, field: Field, column: int) -> QueryError:
    """Refuses a field without a value; `typed` is the field as typed."""
    return QueryError(
        Sentence("{field}: has nothing to look for behind it.", {"field": typed}),
        _for_example(field.example),
        column,
    )


def only_excludes(column: int, excluded: str) -> QueryError:
    """Refuses an alternative that only excludes; `excluded` is the typed text if all of it only excludes, else ""."""
    if excluded:
        sentence = Sentence("This only excludes. Say also what you want.")
    else:
        sentence = Sentence("One alternative of this only excludes. Say in it also what you want.")
    fits = len(excluded) <= _LONGEST_EXAMPLE and excluded.startswith(("-", "!", "NOT "))
    wanted = "graph" if "diffusion" in excluded.casefold() else "diffusion"  # never what is excluded
    return QueryError(sentence, _for_example(f"{wanted} {excluded}" if fits else "diffusion -survey"), column)


def stray_bracket(before: str, column: int) -> QueryError:
    """Refuses a `)` that closes nothing; `before` is the word before it."""
    return QueryError(
        Sentence("This ) closes nothing."),
        Sentence("Leave it out, or put what it belongs to in quotes: {example}", {"example": f'"{before or "f(x"})"'}),
        column,
    )


def short_prefix(word: str, column: int) -> QueryError:
    """Refuses a star after fewer than three letters or digits."""
    return QueryError(
        Sentence(
            "{word}* begins too many words: at least {count} letters or digits must stand before the *.",
            {"word": shortened(word), "count": SHORTEST_PREFIX},
        ),
        Sentence("Write the whole word, or more of it. For example: {example}", {"example": "neuro*"}),
        column,
    )


def initials_only(initials: str, last_name: str, column: int) -> QueryError:
    """Refuses an author with initials only. `last_name` is the word after them that may be it; "" if there is none."""
    name = f"{shortened(initials)} {shortened(last_name) or 'Doe'}"
    return QueryError(
        Sentence("Initials alone fit too many authors."),
        Sentence("Add the last name. For example: {example}", {"example": f'author:"{name}"'}),
        column,
    )


def star_in_category(archive: str, column: int) -> QueryError:
    """Refuses a category that ends in a star."""
    return QueryError(
        Sentence("A * cannot cut a category short; it stands only for all of an archive."),
        Sentence(
            "For all of an archive write {all}, for one category {example}",
            {"all": f"cat:{archive}.*", "example": "cat:cs.LG"},
        ),
        column,
    )


def no_paper(value: str, field: Field, column: int) -> QueryError:
    """Refuses a value of nearness that names no paper."""
    return QueryError(
        Sentence("{value} does not name a paper.", {"value": shortened(value)}), takes_papers(field.name, field), column
    )


def too_many_papers(column: int) -> QueryError:
    """Refuses nearness to more papers than one value may name, or to too many groups of papers."""
    return QueryError(
        Sentence(
            "One like: takes at most {papers} papers, and a query at most {most} like:.",
            {"papers": MOST_PAPERS, "most": MOST_NEAR},
        ),
        Sentence("Make several subscriptions of it. For example: {example}", {"example": "like:2601.15529,2601.15530"}),
        column,
    )


def shortened(text: str) -> str:
    """Returns the beginning of a typed text, short enough for a sentence."""
    return clip(text, _LONGEST_EXAMPLE)


def _for_example(example: str) -> Sentence:
    return Sentence("For example: {example}", {"example": example})


# --------------------------------------------------------------------------------------------------------------- hints


class Rank(IntEnum):
    """The order of hints: first parts that find nothing, then parts with another possible meaning, then repairs."""

    NEVER = auto()
    ELSEWHERE = auto()
    TYPING_ERROR = auto()
    ONE_VALUE = auto()
    LOWER_CASE = auto()
    PHRASE = auto()
    SIGN = auto()
    LIST = auto()
    STAR = auto()
    LEFT_OUT = auto()
    CLOSED = auto()
    DROPPED = auto()


STRAY_STAR = Sentence(
    "A * stands only at the end of a word ({example}); elsewhere I read it as a blank.", {"example": "neuro*"}
)


def says_nothing(typed: str) -> Sentence:
    """Returns the hint on a minus or word that was left out."""
    return Sentence("{typed} says nothing here; I left it out.", {"typed": typed})


def takes_papers(typed: str, field: Field) -> Sentence:
    """Returns the hint on what must follow a field of nearness; `typed` is the name of the field."""
    return Sentence(
        "{field}: takes the number of a paper, such as {example}", {"field": typed, "example": field.example}
    )


@dataclass(slots=True)
class Notes:
    """The hints that are noted while a query is parsed."""

    found: dict[str, tuple[Rank, Sentence]] = field(default_factory=dict)

    def add(self, rank: Rank, sentence: Sentence) -> None:
        """Notes a hint; equal hints are kept once."""
        values = {name: shortened(v) if isinstance(v, str) else v for name, v in sentence.values.items()}
        self.found.setdefault(str(sentence), (rank, Sentence(sentence.template, values)))

    def hints(self) -> tuple[Sentence, ...]:
        """Returns the hints, the most useful first."""
        if not self.found:
            return ()
        return tuple(sentence for _, sentence in sorted(self.found.values(), key=lambda found: found[0]))
