"""Papers as BibTeX and as RIS, for programs that keep references."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from string import ascii_lowercase
from unicodedata import category, combining

from subscriptions.model import KnownPaper, Paper
from subscriptions.normalize import tex
from subscriptions.text import normalized

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
"""The commands that stay: none of them reads, writes, defines or links anything."""

_NAME_LETTERS = 24
_STOP_WORDS = frozenset(
    {"a", "an", "the", "on", "of", "in", "for", "to", "and", "with", "from", "by", "at", "is", "are", "towards"}
)
_GROUPS = re.compile(r"\b(?:collaboration|consortium|team|group|and)\b|^others$", re.IGNORECASE)
_MOST_COMMAS = 1  # "Doe, Jane"; BibTeX cannot take apart a name with more
_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)\$")
_MATHS = re.compile(r"(\$\$.*?\$\$|\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_BARE = re.compile(r"(\\.)|([&%#_^])", re.DOTALL)
_COMMAND = re.compile(r"\\([A-Za-z@]+|.)")  # @ is a letter in the files of packages
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # with the backslash that escapes it, or another escaped character
_CARETS = re.compile(r"\^{2,}")  # TeX reads ^^5c as a backslash, also within the name of a command
_BACKSLASHES = re.compile(r"\\+$")
_COMMANDS = re.compile(r"\$[^$]*\$|\\[A-Za-z]+|\\.")
_YEAR_OF_ID = re.compile(r"(?:[a-z-]+(?:\.[A-Z]{2})?/)?(\d\d)\d\d")
_FIRST_CENTURY = 91  # arXiv began in 1991
_ASCII_OF = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"}
)


def bibliography(papers: Iterable[KnownPaper]) -> str:
    """Returns one entry for each paper, in their order and with unique keys; "" without papers."""
    taken: set[str] = set()
    return "\n".join(_entry(known, _free(_key(known.paper), taken)) for known in papers if _says(known.paper))


def _says(paper: Paper) -> bool:
    return bool(_value(paper.title or paper.abstract) or paper.arxiv_id or paper.doi or paper.url)


def _entry(known: KnownPaper, key: str) -> str:
    paper = known.paper
    eprint = _plain(paper.arxiv_id or "")
    fields = {
        "author": " and ".join(_author(name) for name in paper.authors if _value(name)),
        "title": _value(paper.title),
        "abstract": ""
        if paper.title
        else _value(paper.abstract),  # without a title the abstract is given; a title is never invented
        "year": year_of(paper),
        "eprint": eprint,
        "archivePrefix": "arXiv" if eprint else "",
        "primaryClass": _plain(paper.primary or next(iter(paper.categories), "")) if eprint else "",
        "doi": _plain(paper.doi or ""),
        "url": _plain(link_of(paper)),
        "note": "Withdrawn" if known.withdrawn_at else "",
    }
    lines = ",\n".join(f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{lines}\n}}\n"


def _author(name: str) -> str:
    """Returns one author. A group, or a name that BibTeX would take apart wrongly, is put in braces."""
    value = _value(name)
    return f"{{{value}}}" if _GROUPS.search(value) or value.count(",") > _MOST_COMMAS else value


def year_of(paper: Paper) -> str:
    """Returns the year of the arXiv id, such as 2601.15529 or hep-th/9901001; "" if unknown."""
    match = _YEAR_OF_ID.match(paper.arxiv_id or "")
    if match is None:
        return ""
    year = int(match[1])
    return str((1900 if year >= _FIRST_CENTURY else 2000) + year)


def link_of(paper: Paper) -> str:
    """Returns the address of a paper; "" if it has none."""
    if paper.arxiv_id:
        return f"https://arxiv.org/abs/{paper.arxiv_id}"
    return f"https://doi.org/{paper.doi}" if paper.doi else paper.url or ""


# ---------------------------------------------------------------------------------------------------------------- keys


def _key(paper: Paper) -> str:
    """Returns a key such as ou2026applicability: the first author's last name, the year, the first significant word of the title."""
    name = _ascii(_last_name(paper.authors))[:_NAME_LETTERS]
    words = [_ascii(word) for word in re.split(r"[\s/:,;–—-]+", _COMMANDS.sub(" ", paper.title))]
    word = next((word for word in words if word and word not in _STOP_WORDS), "")[:_NAME_LETTERS]
    return f"{name or 'paper'}{year_of(paper)}{word}" if name or word else "paper" + _ascii(paper.key)


def _last_name(authors: Sequence[str]) -> str:
    first = authors[0] if authors else ""
    family, comma, _ = first.partition(",")
    return family if comma else (first.split() or [""])[-1]


def _ascii(text: str) -> str:
    """Returns the text as small letters and digits without accents; characters that have no such form are left out."""
    plain = "".join(sign for sign in normalized("NFKD", text.casefold()) if not combining(sign))
    return re.sub(r"[^a-z0-9]", "", plain.translate(_ASCII_OF))


def _free(key: str, taken: set[str]) -> str:
    """Returns the key, with a letter appended if it is taken. BibTeX ignores the case of keys."""
    suffixes = chain([""], ascii_lowercase, map("x{}".format, count(27)))
    free = next(name for name in map(key.__add__, suffixes) if name not in taken)
    taken.add(free)
    return free


# -------------------------------------------------------------------------------------------------------------- values


def _value(text: str) -> str:
    """Returns a text as the value of a field, without the braces around it."""
    plain = _CARETS.sub("^", _balanced(" ".join("".join(map(_visible, text)).split())))
    plain = _BACKSLASHES.sub(lambda found: "\\" * (len(found[0]) // 2 * 2), plain)
    if len(_FORMULA.findall(plain)) % 2:
        plain = _FORMULA.sub(r"\1\\$", plain)
    parts = _MATHS.split(plain)
    mended = "".join(part if place % 2 else _mended(part) for place, part in enumerate(parts))
    return _COMMAND.sub(lambda found: found[0] if found[1] in HARMLESS else rf"\textbackslash{{}}{found[1]}", mended)


def _visible(sign: str) -> str:
    """Returns the character; " " for any space, "" for an invisible character except joiners of letters."""
    kind = category(sign)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Cs") and sign not in "\u200c\u200d" else sign


def _mended(prose: str) -> str:
    """Returns the text with `& % # _ ^` escaped, outside of formulas."""
    return _BARE.sub(lambda found: found[1] or ("\\^{}" if found[2] == "^" else f"\\{found[2]}"), prose)


def _balanced(text: str) -> str:
    r"""Returns the text without braces that have no partner. `{` pairs with `}`, and `\{` with `\}`, as in LaTeX."""
    open_ones: dict[str, list[re.Match[str]]] = {"{": [], r"\{": []}
    lost: list[re.Match[str]] = []
    for found in _BRACE.finditer(text):
        if found[0] in open_ones:
            open_ones[found[0]].append(found)
        elif found[0].endswith("}"):
            before = open_ones[found[0].replace("}", "{")]
            if before:
                before.pop()
            else:
                lost.append(found)
    gone = {place for found in chain(lost, *open_ones.values()) for place in range(*found.span())}
    return "".join(sign for place, sign in enumerate(text) if place not in gone)


def _plain(text: str) -> str:
    """Returns an address or DOI, with only what would end the field escaped."""
    return "".join(
        f"%{ord(sign):02X}" if sign in "{}\\^" or sign.isspace() else sign for sign in text if category(sign)[0] != "C"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Papers as RIS entries, which reference managers read (the form of EndNote's and Zotero's import).


def references(papers: Iterable[KnownPaper]) -> str:
    """Returns one entry for each paper, in their order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_entry(known.paper)) for known in papers)


def _ris_entry(paper: Paper) -> Iterator[tuple[str, str]]:
    fields = (
        *(("AU", _family_first(_line(name))) for name in paper.authors),
        ("TI", _line(paper.title)),
        ("AB", _line(paper.abstract)),
        ("PY", year_of(paper)),
        ("DO", _line(paper.doi or "")),
        ("UR", _line(link_of(paper))),
        ("PB", "arXiv" if paper.arxiv_id else ""),
        ("AN", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
    )
    yield "TY", "UNPB" if paper.arxiv_id else "GEN"
    yield from ((tag, value) for tag, value in fields if value or tag == "AU")
    yield "ER", ""


def _family_first(name: str) -> str:
    """Returns "Doe, Jane" of "Jane Doe"; a name of one word, or with a comma, stays."""
    given, _, family = name.rpartition(" ")
    return name if "," in name or not given else f"{family}, {given}"


def _line(text: str) -> str:
    """Returns a text on one line: a second one would be read as another field."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
