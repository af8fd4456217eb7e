"""Marks the hits of a query in a text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Protocol
from unicodedata import combining, east_asian_width
from urllib.parse import quote, urlencode, urlsplit

from rich.cells import cell_len

from bot.rendering.query_text import Translate, caret, query_in_words
from bot.rendering.tex import readable
from subscriptions.cutting import cut_at_word
from subscriptions.model import Paper
from subscriptions.query import Query

_FIELD = re.compile(r"^[A-Za-z]{2,10}:")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with marked hits, in plain pieces: ("a ", "hit", " and ", "another", ""). Every second one is a hit."""

    pieces: tuple[str, ...]

    @property
    def has_hit(self) -> bool:
        """Whether a part is marked."""
        return len(self.pieces) > 1

    def __str__(self) -> str:
        return "".join(self.pieces)

    def __bool__(self) -> bool:
        return any(self.pieces)


def plain_word(word: str) -> str:
    """Returns a word of a query without field, quotation marks and star."""
    return _FIELD.sub("", clean(word)).strip('"“”=*- ')


def marked(text: str, words: Iterable[str]) -> Passage:
    """Returns the text with the first hit of each of these words marked: whole words, in any letter case."""
    plain = {plain_word(word) for word in words}
    forms = plain | {*map(readable, plain)}
    spans = sorted(filter(None, (_first(text, form) for form in forms - {""})), key=lambda span: (span[0], -span[1]))
    pieces, done = list[str](), 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], text[start:end]]
            done = end
    return Passage((*pieces, text[done:]))


def _first(text: str, word: str) -> tuple[int, int] | None:
    for match in re.finditer(re.escape(word), text, re.IGNORECASE):
        start, end = match.span()
        if not _runs_on(text, start) and not _runs_on(text, end):
            return start, end
    return None


def _runs_on(text: str, place: int) -> bool:
    """Returns whether a word continues across this place. Never between Chinese characters, written without spaces."""
    if place in {0, len(text)}:
        return False
    left, right = text[place - 1], text[place]
    return left.isalnum() and right.isalnum() and "W" not in {east_asian_width(left), east_asian_width(right)}


# -------------------------------------------------------------------------------- foreign text made safe for a message

# characters that platforms cannot carry are removed, right-to-left text is isolated.


# C0 without newline, DEL, C1, lone surrogates, noncharacters; and the marks that open or close a run of direction
# (U+202A–202E, 2066–2069), which reverse all text after them if they are not balanced.
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb\u202a-\u202e\u2066-\u2069]"
)
_RTL_BLOCKS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff\u200f\u061c]"
)
_MOST_MARKS = 4  # accents on one letter; Vietnamese and Hebrew need two or three
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """Returns the text as one line, without control characters, lone surrogates and direction marks, white space collapsed."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    plain = " ".join(_UNPRINTABLE.sub("", re.sub(r"\s", " ", text)).split())
    return _thinned(plain) if any(map(combining, plain)) else plain


def clean_lines(text: str) -> str:
    """Returns the text as `clean` makes it, but keeps its line ends and spaces: for text laid out by its author."""
    return _UNPRINTABLE.sub("", re.sub("\r\n?|[\x85\u2028\u2029]", "\n", text).replace("\t", "    "))


def _thinned(text: str) -> str:
    """Returns the text with at most four accents on a letter; a tower of them would cover the lines above."""
    runs = (
        "".join(run)[: _MOST_MARKS if marks else None] for marks, run in groupby(text, lambda c: bool(combining(c)))
    )
    return "".join(runs)


def isolated(text: str) -> str:
    """Returns the text between isolating marks (Unicode TR9) if it has right-to-left letters: the text around it keeps its order."""
    if text.isascii() or not _RTL_BLOCKS.search(text):
        return text
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"


# -------------------------------------------------------- text folded into lines for a terminal, with a hanging indent

# a continued line begins below the text, not its number.  A line may end after any Chinese, Japanese or Korean
# character, except beside punctuation; else only at a space, so that an address stays whole.


_WIDE = r"\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"  # written without spaces: a line may end after each
_NEVER_FIRST = "，。、；：？！）》」』】〉〕…”’"
_NEVER_LAST = "（《「『【〈〔“‘"
_PIECE = re.compile(rf"[{_NEVER_LAST}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_NEVER_FIRST}]*\s*|\s+")
_BEFORE_TEXT = re.compile(r" *(?:\d+  +|▸ )?(?=\S)")
_LEAST_ROOM = 20  # columns: in a narrower terminal continued lines are not indented


def folded(text: str, width: int) -> str:
    """Returns the text in lines of at most `width` columns; a longer word stays whole."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def hanging(line: str) -> int:
    """Returns the columns before the text of a line: spaces, and a number or a bullet."""
    before = _BEFORE_TEXT.match(line)
    return cell_len(before[0]) if before else 0


def breaks(line: str, width: int) -> tuple[int, list[int]]:
    """Returns the indent of the continued lines, and the places in the line where they begin."""
    before = hanging(line)  # one character per column
    hang = before if width - before >= _LEAST_ROOM else 0
    found: list[int] = []
    used = before
    for number, piece in enumerate(_PIECE.finditer(line, before)):
        if number and used + cell_len(piece[0].rstrip()) > width:
            found.append(piece.start())
            used = hang
        used += cell_len(piece[0])
    return hang, found


def _parts(line: str, width: int) -> list[str]:
    hang, places = breaks(line, width)
    edges = [0, *places, len(line)]
    pieces = [line[start:end].rstrip() for start, end in pairwise(edges)]
    return [pieces[0], *(" " * hang + piece for piece in pieces[1:])]


# ---------------------------------------------------------------------------- texts that commands put into their lines


_TITLE = 90  # columns
_OPENING = 80  # columns of the abstract, for a paper without a title


class _HasTranslate(Protocol):
    @property
    def translate(self) -> Translate: ...


class TextFormatter:
    """The `InlineFormatter` of commands, in one language."""

    def __init__(self, localizer: _HasTranslate) -> None:
        self._translate = localizer.translate

    def reading(self, query: Query) -> str:
        """Returns the reading of a query: what it asks for, in the person's own words."""
        return query_in_words(query, self._translate)

    def caret(self, text: str, column: int) -> tuple[str, str]:
        """Returns the line of a refused query, and a line with ^ below the column."""
        return caret(text, column)

    def title(self, paper: Paper) -> str:
        """Returns the title and the id of a paper on one line."""
        return title_line(paper)


def title_line(paper: Paper) -> str:
    """Returns the title of a paper, else the first words of its abstract in quotation marks; and its id. One line."""
    title = cut_at_word(readable(clean(paper.title)), _TITLE) or f"“{cut_at_word(clean(paper.abstract), _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{isolated(title)} ({name})" if name else isolated(title)


# ---------------------------------------------------------------------------------------------------- links of a paper


# Characters of a link; the strictest platform takes 9,500 bytes of links in one message. A longer link is left out.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_PREPRINT = re.compile(r"https://www\.(?:bio|med)rxiv\.org/content/10\.\d{4,9}/[\w.;()/-]+v\d+")
_SEARCH = "https://arxiv.org/search/"
_SEARCHED = 20  # words of a title; half as many of an abstract identify a paper
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


def paper_url(paper: Paper) -> str:
    """Returns the link of the paper's page, safe inside quotes and angle brackets; "" if none is known."""
    return next((url for url in _links(paper) if url and len(url) <= LONGEST), "")


def _links(paper: Paper) -> Iterator[str]:
    if arxiv_id := clean(paper.arxiv_id or ""):
        yield f"https://arxiv.org/abs/{quote(arxiv_id, safe='/-.')}"
    if doi := clean(paper.doi or ""):
        yield f"https://doi.org/{quote(doi, safe='/:;().,_-')}"
    yield web_url(paper.url or "")


def web_url(url: str) -> str:
    """Returns the http or https link, percent-encoded where it would break a platform's markup; "" for anything else.

    A link whose host has no dot is refused: TDLib's parser drops it silently.
    """
    try:
        parts = urlsplit(clean(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not _HOST.fullmatch(host):
        return ""
    safe = quote(parts.geturl(), safe=_SAFE)
    return safe if len(safe) <= LONGEST else ""


def pdf_url(paper: Paper) -> str:
    """Returns the link of the paper's PDF at arXiv, bioRxiv, medRxiv or its source; "" if none is known."""
    if arxiv_id := clean(paper.arxiv_id or ""):
        return f"https://arxiv.org/pdf/{quote(arxiv_id, safe='/-.')}"
    page = web_url(paper.url or "")
    if _PREPRINT.fullmatch(page):
        return f"{page}.full.pdf"
    return page if urlsplit(page).path.lower().endswith(".pdf") else ""


def search_url(paper: Paper) -> str:
    """Returns the link of a search at arXiv for the title, else for the first words of the abstract; "" if there are no words.

    The search is at arXiv, because lists whose papers have neither an id nor a link are lists of arXiv papers.
    """
    for kind, text, most in (("title", paper.title, _SEARCHED), ("abstract", paper.abstract, _SEARCHED // 2)):
        if words := re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", readable(clean(text))):
            return f"{_SEARCH}?{urlencode({'query': ' '.join(words[:most]), 'searchtype': kind})}"
    return ""
