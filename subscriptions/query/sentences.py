"""The refusals of queries, their limits (length, alternatives, letters before a star, papers of `like:`), and hints on how one was read.

Each refusal has a hint with an example that works. The most useful hints come first. Some hints are about things that only
other search engines understand: years, NEAR/5, semicolons, operators in lower case or in Chinese.
"""

import re
from dataclasses import dataclass, field
from enum import IntEnum, auto
from urllib.parse import unquote

from subscriptions import categories
from subscriptions.errors import QueryError, Sentence
from subscriptions.query import Field, lexer
from subscriptions.query.lexer import Typed
from subscriptions.texts.cutting import clip

MAX_QUERY_LENGTH = 1000  # most characters of a query
MAX_ALTERNATIVES = 64
SHORTEST_PREFIX = 3  # letters and digits before the star
MOST_PAPERS = 10  # most papers in one value of `like:`
MOST_NEAR = 5  # values of `like:` in one query
_LONGEST_EXAMPLE = 60  # most characters of a typed text that a hint repeats
# a word that looks like an operator -> the operator
_OPERATORS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "和": "且",
    "与": "且",
    "并且": "且",
    "或者": "或",
    "非": "不含",
    "不要": "不含",
    "排除": "不含",
    "除了": "不含",
}
_GLUED = re.compile(r"(?:不含|不要)(\w.*)")
_NEAR = re.compile(r"(?:NEAR|ONEAR|ADJ)(?:/?\d+)?|(?:W|PRE|WITHIN)/\d+|~\d+")
# fmt: off
_DATES = frozenset(
    ("year", "date", "dates", "published", "submitted", "updated", "submitteddate", "lastupdateddate", "since", "after",
     "before", "from", "until", "年", "年份", "日期")
)
_SURELY_DATES = frozenset(("year", "date", "年份", "日期"))
_A_DATE = re.compile(r"[\d<>=\[]")
_NOT_TOLD = frozenset(
    ("conference", "conf", "comment", "comments", "affiliation", "institution", "citations", "会议", "机构", "单位")
)
# fmt: on
_LIKE_A_CATEGORY = re.compile(r"#?[A-Za-z-]+\.[A-Za-z]{2}")
_STRUNG = re.compile(r'"[^"]*"?|&\w+;|(?P<mark>[;；](?=\s*[^\s;；]))')


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
        Sentence("This has more than {limit} alternatives.", {"limit": MAX_ALTERNATIVES}),
        Sentence(
            "Use fewer OR in brackets that follow each other, or make several subscriptions of it. For example: {example}",
            {"example": "(diffusion OR flow) video"},
        ),
        1,
    )


def no_value(typed: str, field: Field, column: int) -> QueryError:
    """Refuses a field without a value. `typed` is the field's name as typed."""
    return QueryError(
        Sentence("{field}: has nothing after it to look for.", {"field": typed}),
        _for_example(field.example),
        column,
    )


class OnlyExcludes(QueryError):
    """The whole query only excludes. It may be added to another one."""


def only_excludes(column: int, excluded: str) -> QueryError:
    """Refuses an alternative that only excludes. `excluded` is the typed text if the whole text only excludes, else ""."""
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
    """Refuses a `)` that closes no bracket. `before` is the word before it."""
    return QueryError(
        Sentence("This ) closes nothing."),
        Sentence("Leave it out, or put what it belongs to in quotes: {example}", {"example": f'"{before or "f(x"})"'}),
        column,
    )


def short_prefix(word: str, column: int) -> QueryError:
    """Refuses a star after fewer than three letters or digits."""
    return QueryError(
        Sentence(
            "{word}* begins too many words: write at least {count} letters or digits before the *.",
            {"word": shortened(word), "count": SHORTEST_PREFIX},
        ),
        Sentence("Write the whole word, or more of it. For example: {example}", {"example": "neuro*"}),
        column,
    )


def initials_only(initials: str, last_name: str, column: int) -> QueryError:
    """Refuses an author with initials only. `last_name` is the word after them, perhaps the last name; "" if none follows."""
    name = f"{shortened(initials)} {shortened(last_name) or 'Doe'}"
    return QueryError(
        Sentence("Initials alone fit too many authors."),
        Sentence("Add the last name. For example: {example}", {"example": f'author:"{name}"'}),
        column,
    )


def star_in_category(archive: str, column: int) -> QueryError:
    """Refuses a category that ends in a star."""
    return QueryError(
        Sentence("A * cannot shorten a category; it works only for a whole archive."),
        Sentence(
            "For all of an archive write {all}, for one category {example}",
            {"all": f"cat:{archive}.*", "example": "cat:cs.LG"},
        ),
        column,
    )


def no_paper(value: str, field: Field, column: int) -> QueryError:
    """Refuses a value of nearness that names no paper."""
    return QueryError(
        Sentence("{value} does not name a paper.", {"value": shortened(value)}),
        takes_papers(field.name, field),
        column,
    )


def too_many_papers(column: int) -> QueryError:
    """Refuses a value of `like:` that names too many papers, and a query with too many values of `like:`."""
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


class Rank(IntEnum):
    """The order of hints: parts that find nothing, then parts that may mean something else, then small repairs."""

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
    "A * works only at the end of a word ({example}); elsewhere I read it as a space.", {"example": "neuro*"}
)


def says_nothing(typed: str) -> Sentence:
    """Returns the hint on a minus or word that was left out."""
    return Sentence("{typed} has no meaning here; I left it out.", {"typed": typed})


def takes_papers(typed: str, field: Field) -> Sentence:
    """Returns the hint on what must follow a field of nearness. `typed` is the name of the field as typed."""
    return Sentence(
        "{field}: takes the number of a paper, such as {example}", {"field": typed, "example": field.example}
    )


@dataclass(slots=True)
class Notes:
    """Collects hints while a query is parsed."""

    found: dict[str, tuple[Rank, Sentence]] = field(default_factory=dict)

    def add(self, rank: Rank, sentence: Sentence) -> None:
        """Notes a hint; equal hints are kept once."""
        values = {name: shortened(v) if isinstance(v, str) else v for name, v in sentence.values.items()}
        self.found.setdefault(str(sentence), (rank, Sentence(sentence.template, values)))

    def hints(self) -> tuple[Sentence, ...]:
        """Returns the hints, the most useful first."""
        return tuple(sentence for _, sentence in sorted(self.found.values(), key=lambda found: found[0]))


def note_word(text: str, notes: Notes) -> None:
    """Notes a hint if a bare word has a special meaning in other search engines."""
    if operator := _OPERATORS.get(text.lower()):
        notes.add(
            Rank.LOWER_CASE,
            Sentence(
                "I look for the word {word}. As an operator it is written {operator}.",
                {"word": text, "operator": operator},
            ),
        )
    elif glued := _GLUED.fullmatch(text):
        notes.add(
            Rank.LOWER_CASE,
            Sentence(
                "I look for the phrase {phrase}. To exclude it write {excluded}",
                {"phrase": f'"{text}"', "excluded": f"-{glued[1]}"},
            ),
        )
    elif _NEAR.fullmatch(text):
        notes.add(
            Rank.ELSEWHERE,
            Sentence(
                "I cannot look for words near each other, so {typed} is a word. Side by side they are a phrase: {example}",
                {"typed": text, "example": '"graph neural"'},
            ),
        )
    elif (
        _LIKE_A_CATEGORY.fullmatch(text)
        and categories.archive_of(text.removeprefix("#"))
        and not categories.canonical_category(text)
    ):
        notes.add(
            Rank.NEVER,
            Sentence(
                "There is no category {code}, so I look for the words. A category looks like {example}.",
                {"code": text, "example": "cs.CV"},
            ),
        )


def note_field(name: str, rest: str, text: str, notes: Notes) -> bool:
    """Notes a hint on a field that only other search engines have. `rest` is the text after its colon.

    Returns False if no search engine has a field of this name.
    """
    if (name in _DATES and _A_DATE.match(rest)) or (name in _SURELY_DATES and not rest):  # `year: 2024`
        sentence = Sentence(
            "I cannot look for dates: a subscription asks for new papers. Leave out {typed}", {"typed": text}
        )
    elif name in _NOT_TOLD and rest:
        sentence = Sentence("No digest has {field}, so I read {typed} as a phrase.", {"field": name, "typed": text})
    else:
        return False
    notes.add(Rank.ELSEWHERE, sentence)
    return True


def note_semicolons(text: str, notes: Notes) -> None:
    """Notes a hint on a semicolon between two queries."""
    if any(found["mark"] and text[: found.start()].strip() for found in _STRUNG.finditer(text)):
        notes.add(
            Rank.ELSEWHERE,
            Sentence("A ; does not separate wishes. For several subscriptions write one per line."),
        )


# Queries of arXiv's API, as a link or a part of a link (https://info.arxiv.org/help/api/user-manual.html).
#
# `http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22&start=0` asks for `ti:"deep learning"`.


_PARAMETERS = re.compile(r"(?i:arxiv\.org/api/query\?|\b(?:search_query|id_list)=)")
_API_QUERY = re.compile(rf"{_PARAMETERS.pattern}|%2[0289]|\+(?:AND|OR|ANDNOT)\+")
# A value ends before the next parameter, even if no & is between them. Otherwise ids would be read repeatedly.
_PARAMETER = re.compile(
    r"\b(?P<name>search_query|id_list)=(?P<value>.*?)(?=&[a-z_]+=|\b(?:search_query|id_list)=(?=[^\s&#])|#|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ENCODED = re.compile(r"\+|%[0-7][0-9a-f]|(?:%[89a-f][0-9a-f])+", re.IGNORECASE)
_DATES_OF_ARXIV = re.compile(r"\b(?:submitted|lastUpdated)Date:\s*\[[^\]]*\]?", re.IGNORECASE)


def is_api_query(text: str) -> bool:
    """Returns whether a text is a query of arXiv's API: a link, a parameter of a link, or a text encoded for a link."""
    return _API_QUERY.search(text) is not None


def converted(source: Typed, notes: Notes) -> Typed:
    """Turns a query of arXiv's API into a text for our grammar, perhaps with fields that we lack (`co: jr: rn:`)."""
    while is_api_query(source.text):
        source = _decoded(_values_of_parameters(source))
    dates = [(*match.span(), "") for match in _DATES_OF_ARXIV.finditer(source.text)]
    if dates:
        notes.add(Rank.LEFT_OUT, Sentence("I left out the dates: a subscription asks for new papers."))
    return source.replaced(dates)


def _values_of_parameters(source: Typed) -> Typed:
    """Returns the values of search_query and id_list, joined as a query."""
    if not _PARAMETERS.search(source.text):
        return source
    parts: list[tuple[int, int, str]] = []
    done = 0
    for match in _PARAMETER.finditer(source.text):
        parts.append((done, match.start("value"), " ("))
        if match["name"].lower() == "id_list":
            ids = " OR ".join(f"id:{value}" for value in re.split(r"[,\s]+|%2C", match["value"]) if value)
            parts.append((*match.span("value"), ids))
        parts.append((match.end("value"), match.end("value"), ") "))
        done = match.end("value")
    parts.append((done, len(source.text), ""))
    return source.replaced(parts)


def _decoded(source: Typed) -> Typed:
    return lexer.plain(
        source.replaced([(*match.span(), _decode(match[0])) for match in _ENCODED.finditer(source.text)])
    )


def _decode(text: str) -> str:
    if text == "+":
        return " "
    return lexer.without_controls(unquote(text, errors="replace"))
