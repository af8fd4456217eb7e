"""Names of authors: splits lists of names, decodes TeX accents."""

import re
from typing import Final

from bot.digests._plain import collapse
from subscriptions.normalize.tex import without_accent_macros
from subscriptions.text import normalized

_SEPARATOR = re.compile(r",? and |[,;]|: ")  # a colon follows the name of a collaboration
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{1,3}|IV")
_NOT_SHOWN = re.compile(r",? ?\bet al\b\.?(?: ?\((?P<count>\d+) additional authors? not shown\))?")
MOST_AUTHORS: Final = 20_000  # of a paper; those of experiments at CERN have about 5,000


def split_authors(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas, TeX accents decoded. Drops the bare colon after a collaboration."""
    names = map(decode_accents, text.split(",", MOST_AUTHORS)[:MOST_AUTHORS])
    return tuple(name for name in names if name not in ("", ":"))


def split_listed(text: str) -> tuple[tuple[str, ...], str | None]:
    """Returns (names, number of names that the list leaves out) of a list in arXiv's mails, without affiliations.

    The number is None for a complete list and "" for one that ends with a bare "et al.". An example of a list:
    `A. One (1 and 2), B. Two and C. Three, et al. (84 additional authors not shown)`.
    """
    text = collapse(text).replace("\\,", " ")  # a thin space in TeX
    not_shown = _NOT_SHOWN.search(text)
    names: list[str] = []
    listed = without_affiliations(_NOT_SHOWN.sub("", text))
    for name in map(decode_accents, _SEPARATOR.split(listed, MOST_AUTHORS)[:MOST_AUTHORS]):
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f", {name}"
        elif name not in ("", ":", "and"):
            names.append(name)
    return tuple(names), (not_shown["count"] or "") if not_shown else None


def without_affiliations(text: str) -> str:
    """Returns the text without its parentheses and their contents, nested ones too. An unpaired parenthesis stays."""
    if "(" not in text:
        return text
    kept: list[str] = []
    opened: list[int] = []
    for character in text:
        if character == "(":
            opened.append(len(kept))
        elif character == ")" and opened:
            del kept[opened.pop() :]
            continue
        kept.append(character)
    return "".join(kept)


def decode_accents(name: str) -> str:
    r"""Returns a name with TeX accents as Unicode: `Jovan\v{c}evi\'c` is Jovančević, `S{\o}gaard` is Søgaard."""
    if "\\" in name or "{" in name or "~" in name:
        name = without_accent_macros(name).replace("{", "").replace("}", "").replace("~", " ")
        name = normalized("NFC", name)
    return collapse(name)
