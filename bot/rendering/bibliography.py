"""Papers → BibTeX and RIS, which cite the article of a preprint where it is known. Pure.

Titles and names are foreign: of their TeX only harmless commands are kept, and nothing in them ends a field.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, count
from string import ascii_lowercase
from unicodedata import category

from bot.rendering.buttons import paper_url
from subscriptions.identity import is_server
from subscriptions.life import Article
from subscriptions.model import Paper, StoredPaper
from subscriptions.papers.kept import article_of
from subscriptions.text import tex
from subscriptions.text.cutting import clean
from subscriptions.text.words import written_tokens

HARMLESS = frozenset(
    {
        *tex.ACCENTS,
        *tex.GREEK_COMMANDS,
        *tex.LETTER_MACROS,
        *tex.FRACTIONS,
        *tex.IN_FORMULAS,
        *tex.OVER,
        *tex.STYLES,
        *tex.SWITCHES,
    }
    | {"sqrt", "binom", "overset", "underset", "stackrel", "not", "textsuperscript", "textsubscript", "texorpdfstring"}
    | {*"\\()[]"}
) - {"url", "path", "@"}
"""TeX commands that are kept in exported text: none of them reads, writes, defines or links anything."""
_NAME_LETTERS = 24
_STOP_WORDS = frozenset(
    {"a", "an", "the", "on", "of", "in", "for", "to", "and", "with", "from", "by", "at", "is", "are", "towards"}
)
_GROUPS = re.compile(r"\b(?:collaboration|consortium|team|group|and)\b|^others$", re.IGNORECASE)
_MOST_COMMAS = 1  # "Doe, Jane"; BibTeX cannot split a name with more commas
_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)\$")
_MATHS = re.compile(r"(\$\$.*?\$\$|\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_BARE = re.compile(r"(\\.)|([&%#_^])", re.DOTALL)
_COMMAND = re.compile(r"\\([A-Za-z@]+|.)")  # in the files of TeX packages, @ is a letter
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # a brace, or any escaped character
_CARETS = re.compile(r"\^{2,}")  # TeX reads ^^5c as a backslash, even inside the name of a command
_BACKSLASHES = re.compile(r"\\+$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_OF_ID = re.compile(r"(?:[a-z-]+(?:\.[A-Z]{2})?/)?(\d\d)\d\d")
_DAY_OF_DOI = re.compile(r"10\.\d{4,9}/(?P<year>20\d\d)\.\d\d\.\d\d\.")  # 10.1101/2026.01.22.700001
_FIRST_CENTURY = 91  # arXiv began in 1991, so the year 91 of an id is 1991, and 90 is 2090


def references(papers: Iterable[StoredPaper]) -> str:
    """Return RIS with one entry for each paper, in this order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_entry(known)) for known in papers)


def _ris_entry(known: StoredPaper) -> Iterator[tuple[str, str]]:
    paper, cited = known.paper, _cited(known.paper)
    fields = (
        *(("AU", _family_first(clean(name))) for name in paper.authors),
        ("TI", clean(paper.title)),
        ("AB", clean(paper.abstract)),
        ("JO", clean(cited.venue)),
        ("PY", _year(paper)),
        ("DO", clean(cited.doi)),
        ("UR", paper_url(paper)),
        ("N1", _note(known)),
        ("PB", "arXiv" if paper.arxiv_id else ""),
        ("AN", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
    )
    yield "TY", "JOUR" if cited.venue else "UNPB" if paper.arxiv_id else "GEN"
    yield from ((tag, value) for tag, value in fields if value or tag == "AU")
    yield "ER", ""


def _family_first(name: str) -> str:
    """Return "Doe, Jane" for "Jane Doe"; a name of one word, or with a comma, is not changed."""
    given, _, family = name.rpartition(" ")
    return name if "," in name or not given else f"{family}, {given}"


def bibliography(papers: Iterable[StoredPaper]) -> str:
    """Return BibTeX with one entry for each paper, in this order and with unique keys; "" without papers."""
    taken, entries = set[str](), []
    for known in papers:
        paper = known.paper
        if _value(paper.title or paper.abstract) or paper.arxiv_id or paper.doi or paper.url:
            entries.append(_entry(known, _free(_key(paper), taken)))
    return "\n".join(entries)


def _entry(known: StoredPaper, key: str) -> str:
    paper, cited = known.paper, _cited(known.paper)
    eprint = _plain(paper.arxiv_id or "")
    fields = {
        "author": " and ".join(filter(None, map(_author, paper.authors))),
        "title": _value(paper.title),
        # only a paper without a title gets its abstract; we never invent a title
        "abstract": "" if paper.title else _value(paper.abstract),
        "journal": _value(cited.venue),
        "year": _year(paper),
        "eprint": eprint,
        "archivePrefix": "arXiv" if eprint else "",
        "primaryClass": _plain(paper.primary or next(iter(paper.categories), "")) if eprint else "",
        "doi": _plain(cited.doi),
        "url": paper_url(paper),
        "note": _value(_note(known)),
    }
    lines = ",\n".join(f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{'article' if cited.venue else 'misc'}{{{key},\n{lines}\n}}\n"


def _cited(paper: Paper) -> Article:
    """Return what is cited: the article of a preprint, or the paper itself; its venue is "" if it is in no journal."""
    known = article_of(paper) or Article()
    venue = known.venue or paper.venue
    return Article(
        doi=known.doi or paper.doi or "",
        venue="" if is_server(venue) else venue,
        day=known.day or paper.published,
    )


def _note(known: StoredPaper) -> str:
    retracted = known.paper.facts.retracted
    if retracted:
        return f"Retracted, see doi:{clean(retracted.doi)}" if retracted.doi.startswith("10.") else "Retracted"
    return "Withdrawn" if known.paper.facts.withdrawn else ""


def _author(name: str) -> str:
    """Return an author for BibTeX. A group, or a name that BibTeX would split wrongly, is put in braces."""
    value = _value(name)
    is_whole = _GROUPS.search(value) or value.count(",") > _MOST_COMMAS
    return f"{{{value}}}" if is_whole else value


def _year(paper: Paper) -> str:
    """Return the year of the article, or of the arXiv id (2601.15529 is of 2026, hep-th/9901001 of 1999), or of a DOI of bioRxiv.

    Or "".
    """
    cited = _cited(paper)
    if (cited.venue or not paper.arxiv_id) and (dated := _YEAR.match(cited.day)):
        return dated[0]
    if found := _YEAR_OF_ID.match(paper.arxiv_id or ""):
        year = int(found[1])
        return str((1900 if year >= _FIRST_CENTURY else 2000) + year)
    dated = _DAY_OF_DOI.match(paper.doi or "")
    return dated["year"] if dated else ""


def _key(paper: Paper) -> str:
    """Return a key such as ou2026applicability: the first author's last name, the year, and a word of the title.

    The word is the first significant one; initials such as "E." in "E. coli" are not.
    """
    first = paper.authors[0] if paper.authors else ""
    family, comma, _ = first.partition(",")
    name = _ascii(family if comma else first.rpartition(" ")[2])[:_NAME_LETTERS]
    words = (_ascii(word) for word in written_tokens(paper.title))
    word = next((word for word in words if len(word) > 1 and word not in _STOP_WORDS), "")[:_NAME_LETTERS]
    if name or word:
        return f"{name or 'paper'}{_year(paper)}{word}"
    return "paper" + _ascii(paper.key)


def _ascii(text: str) -> str:
    """Return the text as lower-case ASCII letters and digits, without accents; all other characters are left out."""
    return re.sub(r"[^a-z0-9]", "", "".join(written_tokens(text)))


def _free(key: str, taken: set[str]) -> str:
    """Return the key, with a letter appended if it is taken. BibTeX ignores the case of keys."""
    suffixes = chain([""], ascii_lowercase, map("x{}".format, count(27)))
    free = next(name for name in map(key.__add__, suffixes) if name not in taken)
    taken.add(free)
    return free


def _value(text: str) -> str:
    """Return a text as the value of a BibTeX field, without the braces around it.

    Only harmless TeX commands are kept.
    """
    plain = _CARETS.sub("^", _balanced(clean(text)))
    plain = _BACKSLASHES.sub(lambda found: "\\" * (len(found[0]) // 2 * 2), plain)
    if len(_FORMULA.findall(plain)) % 2:
        plain = _FORMULA.sub(r"\1\\$", plain)
    mended = "".join(part if place % 2 else _BARE.sub(_escaped, part) for place, part in enumerate(_MATHS.split(plain)))
    return _COMMAND.sub(lambda found: found[0] if found[1] in HARMLESS else rf"\textbackslash{{}}{found[1]}", mended)


def _escaped(found: re.Match[str]) -> str:
    """Return the found character, one of `& % # _ ^`, escaped for text outside formulas.

    A formula or an escaped character is not changed.
    """
    return found[1] or ("\\^{}" if found[2] == "^" else f"\\{found[2]}")


def _balanced(text: str) -> str:
    r"""Return the text without braces that have no partner. `{` pairs with `}`, and `\{` with `\}`, as in LaTeX."""
    waiting: dict[str, list[re.Match[str]]] = {"}": [], r"\}": []}  # a closing brace → the open ones that it may close
    lost: list[re.Match[str]] = []
    for found in _BRACE.finditer(text):
        if found[0].endswith("{"):
            waiting[found[0].replace("{", "}")].append(found)
        elif waiting.get(found[0]):
            waiting[found[0]].pop()
        elif found[0] in waiting:
            lost.append(found)
    gone = {place for found in chain(lost, *waiting.values()) for place in range(*found.span())}
    return "".join(sign for place, sign in enumerate(text) if place not in gone)


def _plain(text: str) -> str:
    """Return an id, URL or DOI as the value of a field; only characters that would break the field are escaped."""
    return "".join(
        f"%{ord(sign):02X}" if sign in "{}\\^" or sign.isspace() else sign for sign in text if category(sign)[0] != "C"
    )
