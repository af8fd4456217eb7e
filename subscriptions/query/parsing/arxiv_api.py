"""Queries of arXiv's API, as a link or a part of one (https://info.arxiv.org/help/api/user-manual.html).

`http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22&start=0` asks for `ti:"deep learning"`.
"""

import re
from urllib.parse import unquote

from subscriptions.errors import Sentence
from subscriptions.query.parsing.sentences import Notes, Rank
from subscriptions.query.parsing.typed_text import Typed, plain, without_controls

_PARAMETERS = re.compile(r"(?i:arxiv\.org/api/query\?|\b(?:search_query|id_list)=)")
_API_QUERY = re.compile(rf"{_PARAMETERS.pattern}|%2[0289]|\+(?:AND|OR|ANDNOT)\+")
# A value ends before the next parameter, also without an & between them. Otherwise ids would be read repeatedly.
_PARAMETER = re.compile(
    r"\b(?P<name>search_query|id_list)=(?P<value>.*?)(?=&[a-z_]+=|\b(?:search_query|id_list)=(?=[^\s&#])|#|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ENCODED = re.compile(r"\+|%[0-7][0-9a-f]|(?:%[89a-f][0-9a-f])+", re.IGNORECASE)
_DATES = re.compile(r"\b(?:submitted|lastUpdated)Date:\s*\[[^\]]*\]?", re.IGNORECASE)


def is_api_query(text: str) -> bool:
    """Whether a text is a query of arXiv's API: a link, a parameter of a link, or a text encoded for a link."""
    return _API_QUERY.search(text) is not None


def converted(source: Typed, notes: Notes) -> Typed:
    """Returns a query of arXiv's API as a text for our grammar. It may have the fields of the API (`co: jr: rn:`)."""
    while is_api_query(source.text):
        source = _decoded(_values_of_parameters(source))
    dates = [(*match.span(), "") for match in _DATES.finditer(source.text)]
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
