"""Finds links in what people write, the papers that they name by an arXiv id or a DOI, and those that name none."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from subscriptions.query.links import arxiv_id, mentioned_in_words, read_doi

_ENDS = r"\s<>\"'“”„«»「」『』（），。；！？、"
_LINK = re.compile(
    rf"(?:https?://|www\.)[^{_ENDS}]+"
    rf"|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:org|com|net|io|edu|gov|be|cn|de|uk|info|dev)/[^{_ENDS}]+",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?*]}>"
_PART_WITH_ID = re.compile(r"(?:arxiv:)?(?P<id>\d{4}\.\d{4,5}(?:v\d+)?)(?:\.(?:pdf|html|json))?", re.IGNORECASE)
_OLD_ID = re.compile(
    r"(?:^|[/:=])(?P<id>[a-z-]+(?:\.(?:[a-z]{2}|[a-z]+-[a-z]+))?/\d{7})(?:v\d+)?(?:\.pdf)?(?=[/?&#]|$)", re.IGNORECASE
)
_DOI = re.compile(r"10\.\d{4,9}/[^?#&]+")
_BEHIND_A_DOI = re.compile(
    r"(?:/(?:full(?:/html|/pdf|text)?|e?pdf(?:ft)?|abstract|html|meta|summary|references|download|citation)"
    r"|\.full(?:-text)?(?:\.pdf)?|\.pdf|\.html|\.abstract|/)$",
    re.IGNORECASE,
)
_PREPRINTS = ("10.1101/", "10.64898/")  # DOIs of bioRxiv and medRxiv; their links have the version after the DOI
_VERSION = re.compile(r"v\d+$")
_NO_ID = re.compile(r"(?<![\w./])\d{4}\.\d{6,}(?:v\d+)?(?![\w.])")


def mentioned(text: str) -> tuple[str, ...]:
    """Returns the bare arXiv ids and DOIs in a text and its links, in lower case, each once, in their order."""
    found: dict[str, None] = {}
    done = 0
    for start, link in _links(text):
        found |= dict.fromkeys(mentioned_in_words(text[done:start]))
        name = _named_by(link)
        found |= {name: None} if name else dict.fromkeys(mentioned_in_words(link))
        done = start + len(link)
    return tuple(found | dict.fromkeys(mentioned_in_words(text[done:])))


def links_to_no_paper(text: str) -> tuple[str, ...]:
    """Returns the links of a text that name no paper.

    If the text has no links at all, returns the numbers in it that look like ids but have too many digits.
    """
    links = [link for _, link in _links(text)]
    named = links or _NO_ID.findall(text)
    return tuple(one for one in named if not mentioned(one))


def _links(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINK.finditer(text):
        link = match[0].rstrip(_TRAILING)
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(_TRAILING)
        yield match.start(), link


def _named_by(link: str) -> str | None:
    """Returns the arXiv id or DOI of the paper that a link names; None if it names none."""
    try:
        address = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:  # the host has brackets without an IPv6 address
        return None
    path = unquote(address.path) + (f"?{unquote(address.query)}" if address.query else "")
    return _id_in(path) or _doi_in(path)


def _id_in(path: str) -> str | None:
    for part in re.split(r"[/?&=#]", path):
        if found := _PART_WITH_ID.fullmatch(part):
            return arxiv_id(found["id"])
    old = _OLD_ID.search(path)
    return arxiv_id(old["id"]) if old else None


def _doi_in(path: str) -> str | None:
    found = _DOI.search(path)
    if found is None:
        return None
    value = found[0]
    while ending := _BEHIND_A_DOI.search(value):
        value = value[: ending.start()]
    if value.startswith(_PREPRINTS):
        value = _VERSION.sub("", value)
    doi = read_doi(value, 0, len(value))
    return doi.value.lower() if doi else None
