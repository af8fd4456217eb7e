"""Hints on what other search engines know: years, NEAR/5, semicolons, operators in lower case or in Chinese."""

import re
from urllib.parse import unquote

from subscriptions.categories import archive_of, canonical_category
from subscriptions.errors import Sentence
from subscriptions.query.lexer import Typed, plain, without_controls
from subscriptions.query.sentences import Notes, Rank

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
}  # a word that looks like an operator -> the operator
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
    ("journal", "venue", "conference", "conf", "comment", "comments", "affiliation", "institution", "citations", "期刊",
     "会议", "机构", "单位")
)
# fmt: on
_LIKE_A_CATEGORY = re.compile(r"#?[A-Za-z-]+\.[A-Za-z]{2}")
_STRUNG = re.compile(r'"[^"]*"?|&\w+;|(?P<mark>[;；](?=\s*[^\s;；]))')


def note_word(text: str, notes: Notes) -> None:
    """Notes a hint if a bare word has another meaning in other search engines."""
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
    elif _LIKE_A_CATEGORY.fullmatch(text) and archive_of(text.removeprefix("#")) and not canonical_category(text):
        notes.add(
            Rank.NEVER,
            Sentence(
                "There is no category {code}, so I look for the words. A category looks like {example}.",
                {"code": text, "example": "cs.CV"},
            ),
        )


def note_field(name: str, rest: str, text: str, notes: Notes) -> bool:
    """Notes a hint on a field that only other search engines have, with `rest` after its colon.

    Returns False if the name is no such field.
    """
    if (name in _DATES and _A_DATE.match(rest)) or (name in _SURELY_DATES and not rest):  # `year: 2024`
        sentence = Sentence(
            "I cannot look for dates: a subscription asks for new papers. Leave out {typed}", {"typed": text}
        )
    elif name in _NOT_TOLD and rest:
        sentence = Sentence("No digest tells {field}, so {typed} is a phrase.", {"field": name, "typed": text})
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


# ---------------------------------------------------------------------------------------------------------------------
# Queries of arXiv's API, as a link or a part of one (https://info.arxiv.org/help/api/user-manual.html).
#
# `http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22&start=0` asks for `ti:"deep learning"`.


_PARAMETERS = re.compile(r"(?i:arxiv\.org/api/query\?|\b(?:search_query|id_list)=)")
_API_QUERY = re.compile(rf"{_PARAMETERS.pattern}|%2[0289]|\+(?:AND|OR|ANDNOT)\+")
# A value ends before the next parameter, also without an & between them. Otherwise ids would be read repeatedly.
_PARAMETER = re.compile(
    r"\b(?P<name>search_query|id_list)=(?P<value>.*?)(?=&[a-z_]+=|\b(?:search_query|id_list)=(?=[^\s&#])|#|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ENCODED = re.compile(r"\+|%[0-7][0-9a-f]|(?:%[89a-f][0-9a-f])+", re.IGNORECASE)
_DATES_OF_ARXIV = re.compile(r"\b(?:submitted|lastUpdated)Date:\s*\[[^\]]*\]?", re.IGNORECASE)


def is_api_query(text: str) -> bool:
    """Whether a text is a query of arXiv's API: a link, a parameter of a link, or a text encoded for a link."""
    return _API_QUERY.search(text) is not None


def converted(source: Typed, notes: Notes) -> Typed:
    """Returns a query of arXiv's API as a text for our grammar. It may have the fields of the API (`co: jr: rn:`)."""
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
    return plain(source.replaced([(*match.span(), _decode(match[0])) for match in _ENCODED.finditer(source.text)]))


def _decode(text: str) -> str:
    return " " if text == "+" else without_controls(unquote(text, errors="replace"))
