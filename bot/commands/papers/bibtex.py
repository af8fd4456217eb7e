r"""Papers as BibTeX: one entry each, in the shape that arXiv's own export has (info.arxiv.org/help/hypertex/bibstyles).

TeX stays as the source wrote it. What would break the file or a document is mended: braces that do not match (BibTeX
counts every one, `\{` too), a lone `\` at the end, `$` without its partner, and `& % # _ ^` outside of formulas.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import count
from unicodedata import category, combining, normalize

from subscriptions.model import KnownPaper, Paper

_NAME_LETTERS = 24
_STOP_WORDS = frozenset(
    {"a", "an", "the", "on", "of", "in", "for", "to", "and", "with", "from", "by", "at", "is", "are", "towards"}
)
_GROUPS = re.compile(r"\b(?:collaboration|consortium|team|group|and)\b|^others$", re.IGNORECASE)
_MOST_COMMAS = 1  # "Doe, Jane"; what has more is no name that BibTeX can take apart
_FORMULA = re.compile(r"(?<!\\)(?:\\\\)*\$")
_MATHS = re.compile(r"(\$\$.*?\$\$|\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_BARE = re.compile(r"(\\.)|([&%#_^])", re.DOTALL)
_BACKSLASHES = re.compile(r"\\+$")
_COMMANDS = re.compile(r"\$[^$]*\$|\\[A-Za-z]+|\\.")
_YEAR_OF_ID = re.compile(r"(?:[a-z-]+(?:\.[A-Z]{2})?/)?(\d\d)\d\d")
_FIRST_CENTURY = 91  # arXiv began in 1991
_ASCII_OF = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"}
)


def bibliography(papers: Iterable[KnownPaper]) -> str:
    """One entry for each paper in their order, every key once; "" without papers."""
    taken: set[str] = set()
    return "\n".join(_entry(known, _free(_key(known.paper), taken)) for known in papers if _says(known.paper))


def _says(paper: Paper) -> bool:
    return bool(_value(paper.title or paper.abstract) or paper.arxiv_id or paper.doi or paper.url)


def _entry(known: KnownPaper, key: str) -> str:
    paper = known.paper
    eprint = paper.arxiv_id or ""
    fields = {
        "author": " and ".join(_author(name) for name in paper.authors if _value(name)),
        "title": _value(paper.title),
        "abstract": "" if paper.title else _value(paper.abstract),  # a title is never invented
        "year": _year(paper),
        "eprint": eprint,
        "archivePrefix": "arXiv" if eprint else "",
        "primaryClass": (paper.primary or next(iter(paper.categories), "")) if eprint else "",
        "doi": _plain(paper.doi or ""),
        "url": _plain(_link(paper)),
        "note": "Withdrawn" if known.withdrawn_at else "",
    }
    lines = ",\n".join(f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{lines}\n}}\n"


def _author(name: str) -> str:
    """One author; a group, or what BibTeX would take apart wrongly, in braces of its own."""
    value = _value(name)
    return f"{{{value}}}" if _GROUPS.search(value) or value.count(",") > _MOST_COMMAS else value


def _year(paper: Paper) -> str:
    """The year of the arXiv id: 2601.15529, hep-th/9901001; "" where nothing tells it."""
    match = _YEAR_OF_ID.match(paper.arxiv_id or "")
    if match is None:
        return ""
    year = int(match[1])
    return str((1900 if year >= _FIRST_CENTURY else 2000) + year)


def _link(paper: Paper) -> str:
    if paper.arxiv_id:
        return f"https://arxiv.org/abs/{paper.arxiv_id}"
    return f"https://doi.org/{paper.doi}" if paper.doi else paper.url or ""


# ---------------------------------------------------------------------------------------------------------------- keys


def _key(paper: Paper) -> str:
    """ou2026applicability: the first author's last name, the year, the first word of the title that says something."""
    name = _ascii(_last_name(paper.authors))[:_NAME_LETTERS]
    words = [_ascii(word) for word in re.split(r"[\s/:,;–—-]+", _COMMANDS.sub(" ", paper.title))]
    word = next((word for word in words if word and word not in _STOP_WORDS), "")[:_NAME_LETTERS]
    return f"{name or 'paper'}{_year(paper)}{word}" if name or word else "paper" + _ascii(paper.key)


def _last_name(authors: Sequence[str]) -> str:
    first = authors[0] if authors else ""
    family, comma, _ = first.partition(",")
    return family if comma else (first.split() or [""])[-1]


def _ascii(text: str) -> str:
    """Small letters and digits, accents off; what has no such letters vanishes."""
    plain = "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    return re.sub(r"[^a-z0-9]", "", plain.translate(_ASCII_OF))


def _free(key: str, taken: set[str]) -> str:
    """The key, or with a letter after it; BibTeX does not tell letter cases apart."""
    free = next(name for name in (key + suffix for suffix in _suffixes()) if name not in taken)
    taken.add(free)
    return free


def _suffixes() -> Iterable[str]:
    """Nothing, a, b, …, z, x27, x28 and so on."""
    yield ""
    yield from "abcdefghijklmnopqrstuvwxyz"
    yield from (f"x{number}" for number in count(27))


# -------------------------------------------------------------------------------------------------------------- values


def _value(text: str) -> str:
    """A text as the value of a field, without the braces around it."""
    plain = " ".join("".join(map(_visible, text)).split())
    plain = _BACKSLASHES.sub(lambda found: "\\" * (len(found[0]) // 2 * 2), plain)
    if len(_FORMULA.findall(plain)) % 2:
        plain = re.sub(r"(?<!\\)\$", r"\\$", plain)
    parts = _MATHS.split(plain)
    return _balanced("".join(part if place % 2 else _mended(part) for place, part in enumerate(parts)))


def _visible(sign: str) -> str:
    """A sign, a blank for what only makes room, nothing for what cannot be seen; joiners of letters stay."""
    kind = category(sign)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Cs") and sign not in "\u200c\u200d" else sign


def _mended(prose: str) -> str:
    """`& % # _ ^` outside of formulas as signs."""
    return _BARE.sub(lambda found: found[1] or ("\\^{}" if found[2] == "^" else f"\\{found[2]}"), prose)


def _balanced(text: str) -> str:
    r"""Without braces that have no partner. `{` and `\{` each have partners of their own kind, as LaTeX sees it."""
    open_ones: dict[bool, list[int]] = {False: [], True: []}
    lost: set[int] = set()
    for place, sign in enumerate(text):
        escaped = sign in "{}" and _is_escaped(text, place)
        if sign == "{":
            open_ones[escaped].append(place)
        elif sign == "}":
            if open_ones[escaped]:
                open_ones[escaped].pop()
            else:
                lost |= {place - escaped, place}
    lost |= set(open_ones[False])
    lost |= {place - before for place in open_ones[True] for before in (0, 1)}
    return "".join(sign for place, sign in enumerate(text) if place not in lost)


def _is_escaped(text: str, place: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    start = place
    while start and text[start - 1] == "\\":
        start -= 1
    return (place - start) % 2 == 1


def _plain(text: str) -> str:
    """An address or DOI: no TeX, so that only what would end the field is written otherwise."""
    return "".join(
        f"%{ord(sign):02X}" if sign in "{}\\" or sign.isspace() else sign for sign in text if category(sign)[0] != "C"
    )
