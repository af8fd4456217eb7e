"""Finds the papers that a text names by ids, DOIs and links: which forms of ids and links count, and where one ends."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from subscriptions.query import DOI, ID, Field
from subscriptions.query.categories import archive_of, bare_id

_ID = r"(?P<id>\d\d(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.(?:[a-z]{2}|[a-z]+-[a-z]+))?/\d{7})(?:v\d+)?"
_AFTER_LINK = r"""[.,;:!?>\]}'*]*(?=[\s"()|]|$)"""  # punctuation after a link belongs to the sentence around it

_BARE_ID = re.compile(rf"{_ID}[.,;:]*", re.IGNORECASE)
_ARXIV_ID = re.compile(rf"arxiv:(?=\s*{_ID}(?![\w*]))", re.IGNORECASE)
_LINK_OF_A_PAPER = re.compile(
    rf"""
    <?(?:https?://)?(?:[a-z]+\.)*
    (?: arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)/ | (?:huggingface|hf)\.co/papers/ )
    {_ID} (?:\.pdf)? (?:[/?#][^\s"()|]*?)? {_AFTER_LINK}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WHOLE_DOI = re.compile(r'10\.\d{4,9}/(?:[^\s"()|*]|\([^\s"()|*]*\))+')  # brackets in pairs belong to a DOI
_DOI_HOST = re.compile(r"<?(?:https?://)?(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)
_DOI_OF_ARXIV = re.compile(rf"10\.48550/arxiv\.{_ID}", re.IGNORECASE)
_NAMES_PAPER = rf"(?:{_ID}|10\.\d{{4,9}}/|(?:https?://|www\.|arxiv\.org/|hf\.co/|huggingface\.co/|(?:dx\.)?doi\.org/)|library(?![\w*-]))"
_VALUE_OF_PAPERS = re.compile(
    rf"""\s*(?:(?:arxiv|doi):\s*)?(?={_NAMES_PAPER})|(?=[\s("]*(?:(?:arxiv|doi):\s*)?{_NAMES_PAPER})""".replace(
        "(?P<id>", "(?:"
    ),
    re.IGNORECASE,
)
# An id or a DOI inside a sentence. It must not be part of a longer number or word.
_MENTION = re.compile(
    rf"""
    (?: \b(?:arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print) | (?:huggingface|hf)\.co/papers)/
      | \barxiv[:.]\s* | (?<![\w./:@-]) )
    {_ID} (?![\d/]|\.\d)
    | (?P<doi>(?<![\w.])10\.\d{{4,9}}/[^\s"'()<>|,;*，。；、）」]+)
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)


LIBRARY = "library"  # names the papers of the chat's own library
LIBRARY_QUERY = f"like:{LIBRARY}"
_OWNED = re.compile(rf"{LIBRARY}/(\d+)")
_OWNED_IN_QUERY = re.compile(rf'(like:"?[^\s"]*?){LIBRARY}/\d+')
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
_NO_ID = re.compile(r"(?<![\w./])\d{4}\.\d{6,}(?:v\d+)?(?![\w.])", re.ASCII)


class IdentifierAt(NamedTuple):
    """The identifier of a paper in a text, and where it ends."""

    field: Field  # ID or DOI
    value: str
    end: int  # the position after it


def arxiv_id(text: str) -> str | None:
    """Return the text if it is an arXiv id, in lower case, without version and subject class; otherwise None."""
    match = _BARE_ID.fullmatch(text)
    if match is None:
        return None
    value = _id_of(match)
    if "/" not in value or archive_of(value.partition("/")[0]):
        return value
    return None


def _id_of(match: re.Match[str]) -> str:
    return bare_id(match["id"].lower())


def is_arxiv_label(text: str, position: int, end: int) -> bool:
    """Return whether a text has "arXiv:" and an id at `position`."""
    return _ARXIV_ID.match(text, position, end) is not None


def read_link(text: str, position: int, end: int) -> IdentifierAt | None:
    """Return the identifier in the link to a paper at `position`; None if there is no link to a paper.

    A link ends before the next space, quote or bracket.
    """
    if match := _LINK_OF_A_PAPER.match(text, position, end):
        return IdentifierAt(ID, _id_of(match), match.end())
    if host := _DOI_HOST.match(text, position, end):
        return read_doi(text, host.end(), end)
    return None


def read_doi(text: str, position: int, end: int) -> IdentifierAt | None:
    """Return the DOI at `position`; None if there is none. For a DOI of arXiv returns the arXiv id, as digests do."""
    match = _WHOLE_DOI.match(text, position, end)
    if not match:
        return None
    value = match[0].rstrip(".,;>")
    of_arxiv = _DOI_OF_ARXIV.fullmatch(value)
    if of_arxiv:
        return IdentifierAt(ID, _id_of(of_arxiv), match.end())
    return IdentifierAt(DOI, value, match.end())


def named_paper(text: str) -> IdentifierAt | None:
    """Return the identifier of the paper that a whole text names, by its id, its DOI or a link; None if it names none.

    "library", which names the chat's own library, counts like the id of a paper.
    """
    if text == LIBRARY:
        return IdentifierAt(ID, text, len(text))
    plain = text.removeprefix("arxiv:").strip()
    if found := arxiv_id(plain):
        return IdentifierAt(ID, found, len(text))
    link = read_link(plain, 0, len(plain)) or read_doi(plain.removeprefix("doi:"), 0, len(plain))
    if link:
        return link._replace(value=link.value.lower())
    return None


def library_of(chat: int) -> str:
    """Return the name by which a canonical text means the library of a chat, given by id; 0: of whoever asks."""
    return f"{LIBRARY}/{chat}" if chat else LIBRARY


def owner_of(name: str) -> int:
    """Return the id of the chat whose library a name means; 0 if it means another paper."""
    found = _OWNED.fullmatch(name)
    return int(found[1]) if found else 0


def owned_by(chat: int, canonical: str) -> str:
    """Return a canonical text in which a library that it names is that of a chat."""
    return _OWNED_IN_QUERY.sub(rf"\g<1>{library_of(chat)}", canonical)


def without_owner(value: str) -> str:
    """Return names of papers as people type them."""
    return _OWNED.sub(LIBRARY, value)


def value_of_papers(text: str, position: int, end: int) -> int | None:
    """Return where the value begins after a label such as `arXiv:`; None if the text at `position` names no paper."""
    match = _VALUE_OF_PAPERS.match(text, position, end)
    return match.end() if match else None


def bare_doi(value: str) -> str:
    """Return a DOI without its link or label; other texts unchanged."""
    host = _DOI_HOST.match(value)
    return (value[host.end() :] if host else value.removeprefix("doi:")).rstrip(" .,;")


def mentioned_in_words(text: str) -> tuple[str, ...]:
    """Return the bare arXiv ids and DOIs in a text outside its links, in lower case, each once, in their order."""
    found: dict[str, None] = {}
    for match in _MENTION.finditer(text):
        if match["id"]:
            name = arxiv_id(match["id"])
        else:
            doi = read_doi(match["doi"], 0, len(match["doi"]))
            name = doi and doi.value.lower()
        if name:
            found[name] = None
    return tuple(found)


def mentioned(text: str) -> tuple[str, ...]:
    """Return the bare arXiv ids and DOIs in a text and its links, in lower case, each once, in their order."""
    found: dict[str, None] = {}
    done = 0
    for start, link in _links(text):
        found |= dict.fromkeys(mentioned_in_words(text[done:start]))
        name = _named_by(link)
        found |= {name: None} if name else dict.fromkeys(mentioned_in_words(link))
        done = start + len(link)
    return tuple(found | dict.fromkeys(mentioned_in_words(text[done:])))


def links_to_no_paper(text: str) -> tuple[str, ...]:
    """Return the links of a text that name no paper.

    If the text has no links at all, returns the numbers in it that look like ids but have too many digits.
    """
    links = [link for _, link in _links(text)]
    named = links or _NO_ID.findall(text)
    return tuple(one for one in named if not mentioned(one))


def _links(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINK.finditer(text):
        link = match[0].rstrip(_TRAILING)
        unopened = link.count(")") - link.count("(")
        while unopened > 0 and link.endswith(")"):
            link = link[:-1].rstrip(_TRAILING)
            unopened -= 1
        yield match.start(), link


def _named_by(link: str) -> str | None:
    """Return the arXiv id or DOI of the paper that a link names; None if it names none."""
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
