"""Reads the names of authors: one or several in a text (at most how many), with initials, degrees and affiliations, or cut by "et al."."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from bot.digests import _markup
from bot.digests._lines import collapse
from subscriptions.normalize.tex import without_accent_macros
from subscriptions.texts.normal_forms import normalized

_SEPARATOR = re.compile(r"[,，、;；]|: ")  # a colon follows the name of a collaboration
_COMMA = re.compile(r"[,，、]")
_JOINED = re.compile(r"(?:^|\s)(?:and|&)(?:\s|$)")  # "A, B, and C" leaves "and C" between two commas
# the name of one group, or of several, that contains "and": a name before it has one word, or the last word is a plural
_GROUP = re.compile(
    r"(?:(?:[Tt]he )?\S+ (?:and|&) .*(?:Collaboration|Consortium|Group|Institute|Network|Project|Team)"
    r"|.*(?:Collaborations|Consortia|Groups|Institutes|Networks|Projects|Teams))"
)
_LINK = re.compile(r"\[(?P<name>[^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)|</?a\b[^<>]*>", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{1,3}|IV")
_NOT_SHOWN = re.compile(r",? ?\bet al\b\.?(?: ?\((?P<count>\d+) additional authors? not shown\))?")
MOST_AUTHORS: Final = 20_000  # of one paper; papers of experiments at CERN have about 5,000
_ET_AL = re.compile(r"[,;]?\s*(?:\bet al\b\.?|…|\.\.\.)[\s.,;]*$", re.IGNORECASE)
_BEFORE_NAMES = re.compile(r"\A\s*(?:by\s+|authors?(?:\(s\))?\s*:\s*)", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@()]{1,255}(?:\s{0,5}\((?P<name>[^()]{1,500})\))?")
_INITIALS = re.compile(r"(?:[^\W\d_a-zß-ÿ]\.?[\s-]?){1,4}")
_PARTICLE = re.compile(r"(?:van|von|de|del|della|der|den|di|da|dos|du|el|la|le|ten|ter|al)\b")
_NAME = re.compile(r"[^\W\d_][^\d@:/?!<>\"“”()]{1,58}")
_INITIAL = re.compile(r"\b\w\.$|\b[JS]r\.$")
_INITIAL_OF_FAMILY = re.compile(r",.*\b\w\.$|\b[JS]r\.$")  # `Doe, Jane R.`; after any other name, the dot ends a list
_DEGREE = re.compile(r"(?:M\.?D|Ph\.?D|M\.?P\.?H|M\.?Sc?|B\.?Sc?|M\.?B\.?B\.?S|Sc\.?D|R\.?N|Pharm\.?D)\.?")
_MARKS = re.compile(r"(?<=[^\W\d_.])\s?[\d*†‡§¶]+(?:,[\d*†‡§¶]+)*(?=\s*(?:,|;|$|\band\b))")  # of affiliations
_FEW = 10  # names among which nobody has a namesake
_LONGEST_NAME = 8  # words


def split_authors(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas, "and" or "&". Reads the names in links, and decodes TeX accents.

    arXiv puts a colon after the name of a collaboration; a name that is only a colon is dropped.
    """
    return _separated(text, _COMMA)


def joined_names(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the names in texts of one name each, which may be a link, or several joined by "and" or "&"."""
    return tuple(name for text in islice(names, MOST_AUTHORS) for name in _joined(without_links(text)))


def without_links(text: str) -> str:
    """Returns the text with the words of its links, in Markdown or HTML, in place of the links."""
    if "](" in text or "<" in text:
        return _LINK.sub(lambda link: link["name"] or "", text)
    return text


def _separated(text: str, separator: re.Pattern[str]) -> tuple[str, ...]:
    names: list[str] = []
    for name in chain.from_iterable(map(_joined, islice(_parts(without_links(text), separator), MOST_AUTHORS))):
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f", {name}"
        elif name != ":":
            names.append(name)
    return tuple(names)


def _parts(text: str, separator: re.Pattern[str]) -> Iterator[str]:
    """Like `separator.split`, but makes one part at a time: of a hostile list only the first names are read."""
    start = 0
    for found in separator.finditer(text):
        yield text[start : found.start()]
        start = found.end()
    yield text[start:]


def _joined(text: str) -> list[str]:
    """Returns the names in a text without commas. The name of a group may contain "and"."""
    is_one = ("and" not in text and "&" not in text) or _GROUP.fullmatch(text.strip())
    return [name for name in map(decode_accents, [text] if is_one else _JOINED.split(text)) if name]


def split_listed(text: str) -> tuple[tuple[str, ...], str | None]:
    """Returns (names without affiliations, number of names that are left out) of a list of authors on arXiv's pages.

    The number is a text; None for a complete list, and "" for a list that ends with "et al." without a number. For
    example, `A. One (1 and 2), B. Two and C. Three, et al. (84 additional authors not shown)` gives three names and "84".
    """
    text = collapse(without_links(text)).replace("\\,", " ")  # a thin space in TeX
    not_shown = _NOT_SHOWN.search(text)
    names = _separated(without_affiliations(_NOT_SHOWN.sub("", text)), _SEPARATOR)
    if not_shown:
        return names, not_shown["count"] or ""
    return names, None


def without_affiliations(text: str) -> str:
    """Returns the text without parentheses, nested or not, and without their contents. An unpaired parenthesis stays."""
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


def names_of(people: Sequence[str], *, one_each: bool) -> tuple[tuple[str, ...], bool]:
    """Returns (names, whether some are left out) of the texts with a work's authors.

    `one_each`: each text is one name, so that a comma stands between family and given name.
    """
    names: list[str] = []
    left_out = False
    for text in people:
        whole = _BEFORE_NAMES.sub("", _MARKS.sub("", collapse(_without_mail(_markup.plain(text)))))
        shown = _ET_AL.sub("", whole)
        left_out = left_out or shown != whole
        names += _names_in(without_affiliations(shown).strip(" ,;"), one_each=one_each or len(people) > 1)
    if len(names) <= _FEW:
        names = list(dict.fromkeys(names))
    return tuple(names), left_out


def _without_mail(text: str) -> str:
    if "@" in text:
        return _MAIL.sub(lambda mail: mail["name"] or "", text)
    return text


def _names_in(text: str, *, one_each: bool) -> list[str]:
    if ";" in text:
        groups = [group for group in map(str.strip, text.split(";")) if group]
        commas_part_people = all(" " in part.strip() for group in groups for part in group.split(","))
        parted = (group.split(",") if commas_part_people else [group] for group in groups)
        return [name for parts in parted for name in map(decode_accents, parts) if name]
    parts = _without_degrees([part for part in map(str.strip, text.split(",")) if part])
    is_one = one_each or _is_one_name(parts)
    ending = _INITIAL if one_each else _INITIAL_OF_FAMILY
    belongs_to_name = (is_one or len(parts) == 1) and ending.search(text)
    if text.endswith(".") and text.count(".") == 1 and not belongs_to_name:
        parts[-1] = parts[-1].removesuffix(".")
    if is_one:
        return [name for name in [decode_accents(", ".join(parts))] if name]
    if len(parts) % 2 == 0 and all(map(_are_initials, _without_and(parts[1::2]))):
        pairs = zip(_without_and(parts[::2]), parts[1::2], strict=True)
        return [decode_accents(f"{family}, {initials}") for family, initials in pairs]
    return list(split_authors(", ".join(parts)))


def _without_degrees(parts: list[str]) -> list[str]:
    """Returns the parts without the degrees behind names: `Jane Doe, MD`, but not the initials of `Smith, M.D`."""
    kept: list[str] = []
    for part in parts:
        if not (kept and " " in kept[-1] and _DEGREE.fullmatch(part)):
            kept.append(part)
    return kept


def _without_and(parts: list[str]) -> list[str]:
    return [re.sub(r"^(?:and|&)\s+", "", part) for part in parts]


def _is_one_name(parts: list[str]) -> bool:
    """Returns whether two parts are a family name and a given name: people who are listed have more than one word each."""
    if len(parts) != 2 or re.search(r"\s(?:and|&)\s", parts[1]):  # noqa: PLR2004
        return False
    if _has_no_case(parts[0]):
        return False
    return " " not in parts[0] or " " not in parts[1] or bool(_PARTICLE.match(parts[0]))


def _are_initials(text: str) -> bool:
    return bool(_INITIALS.fullmatch(text)) and not _has_no_case(text)


def _has_no_case(text: str) -> bool:
    """Returns whether a name is in a script without letter case, such as Chinese."""
    return text[0].isalpha() and not text[0].isupper() and not text[0].islower()


def is_list_of_names(line: str) -> bool:
    """Returns whether a line of text is a list of names, and nothing else."""
    line = _ET_AL.sub("", line)
    separator = ";" if ";" in line else ","
    parts = [part.strip() for part in re.split(rf"{separator}(?:\s*and\s)?|\sand\s", line)]
    if not parts[-1]:  # a separator at the end
        parts.pop()
    elif len(parts) < 2:  # noqa: PLR2004
        return False
    return bool(parts) and all(map(_is_name, parts))


def _is_name(text: str) -> bool:
    words = text.removeprefix("and ").split()
    if not _NAME.fullmatch(text) or len(words) > _LONGEST_NAME or (text.endswith((".", "?")) and len(words[-1]) > 3):  # noqa: PLR2004
        return False
    if _has_no_case(text):
        return len(text) <= 20  # noqa: PLR2004
    if len(words) < 2:  # noqa: PLR2004
        return False
    named = [word for word in words if not _PARTICLE.fullmatch(word.lower())]
    return bool(named) and all(word[0].isupper() or word[0] in "’'" or "-" in word for word in named)
