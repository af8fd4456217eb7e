"""Reads the names of authors: one or several in a text, with initials and affiliations, or cut by "et al."."""

import re
from collections.abc import Iterable, Sequence

from bot.digests import markup
from bot.digests.scalars import decode_accents

MOST_AUTHORS = 20_000  # of one paper; papers of experiments at CERN have about 5,000

_SEPARATOR = re.compile(r"[,，、]|: ")  # a colon follows the name of a collaboration
_SEMICOLON = re.compile(r"[;；]")
_EITHER = re.compile(r"[,;；]")
_AND = re.compile(r"(?:^|\s)(?:and|&)(?:\s|$)")  # "A, B, and C" leaves "and C" between two commas
# the name of one group, or of several, that contains "and": a name before it has one word, or the last word is a plural
_GROUP = re.compile(
    r"(?:(?:[Tt]he )?\S+ (?:and|&) .*(?:Collaboration|Consortium|Group|Institute|Network|Project|Team)"
    r"|.*(?:Collaborations|Consortia|Groups|Institutes|Networks|Projects|Teams))"
)
_LINK = re.compile(r"\[(?P<name>[^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
# one that is not closed ends with the text
_PYTHON_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'?|\"((?:[^\"\\]|\\.)*)\"?")
_PARENTHESES = re.compile(r"\([^()]*\)")
_DEPTH = 3  # of parentheses within parentheses
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{1,3}|IV")
_DEGREE = re.compile(r"(?:M\.?D|Ph\.?D|M\.?P\.?H|M\.?Sc|B\.?Sc|M\.?B\.?B\.?S|Sc\.?D|R\.?N|Pharm\.?D)\.?")
_MARKS = re.compile(r"(?<=[^\W\d_.])\s?[\d*†‡§¶]+(?:, ?[\d*†‡§¶]+)*(?=\s*(?:,|;|$|\band\b))")  # of affiliations
_INSTITUTION = r"(?:Academ|Cent(?:er|re)\b|Colleg|Department|Division|Facult|Hospital|Institu|Laborator|Max Planck|School|Universi)"
_GLUED = (
    re.compile(  # an affiliation glued to a name, after its mark or, with its town, without one; and all that follows
        rf"(?<=[A-Za-zÀ-ÿ])(?:\d+(?=[A-ZÀ-Þ])|[a-e](?={_INSTITUTION})).*"
        rf"|(?<=[a-zß-ÿ])(?=(?:[A-Z](?:(?![a-z][A-Z])[^,;]){{0,80}})?{_INSTITUTION}[^,;]{{0,80}},).*"
    )
)
_ET_AL = re.compile(
    r"[,;]?\s*(?:(?<![a-z])et al(?![a-z])\.?|(?<=[\u3400-\u9fff\s,，、;；])等人?|…|\.\.\.)(?: ?\([^()]*\))?[\s.,;]*$",
    re.IGNORECASE,
)
_LONGEST_END = 200  # characters in which it is looked for
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@()]{1,255}(?:\s{0,5}\((?P<name>[^()]{1,500})\)|\))?")
_INITIALS = re.compile(r"(?:[^\W\d_a-zß-ÿ]\.?[\s-]?){1,4}")
_PARTICLE = re.compile(r"(?:van|von|de|del|della|der|den|di|da|dos|du|el|la|le|ten|ter|al)\b")
_EASTERN = re.compile(r"[\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff·・]+")
_NAMESAKE_THRESHOLD = 10  # names among which nobody has a namesake


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a list with semicolons, or with commas, "and" or "&", or in a list as Python prints it.

    Reads the names in links, decodes TeX accents, and drop affiliations in parentheses. `Family, F., Family, F.` are
    pairs.
    """
    if text.startswith(("['", '["')):
        strings = (found[1] or found[2] or "" for found in _PYTHON_STRING.finditer(text))
        return joined_names(re.sub(r"\\(['\"\\])", r"\1", one) for one in strings)
    text = _without_links(text).replace("\\,", " ")  # a thin space in TeX
    for _ in range(_DEPTH):
        text = _PARENTHESES.sub("", text)
    separator = _SEMICOLON if _SEMICOLON.search(text) else _SEPARATOR
    if separator is _SEMICOLON and all(" " in part.strip() for part in _EITHER.split(text.rstrip(" ;；"))):
        separator = _EITHER  # `Ada Quill, Bo Larch; Cy Wind`
    parts = [part.strip() for part in separator.split(text, MOST_AUTHORS)[:MOST_AUTHORS]]
    parts = [part for part in parts if part and not _DEGREE.fullmatch(part)]
    families, initials = [_AND.sub("", part) for part in parts[::2]], parts[1::2]
    if separator is _SEPARATOR and len(families) == len(initials) and all(map(_are_initials_of, families, initials)):
        parts = [f"{family}, {letters}" for family, letters in zip(families, initials, strict=True)]
    return joined_names(parts)


def joined_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names in texts of one name each, which may be a link, or several joined by "and" or "&"."""
    found: list[str] = []
    for text in map(_without_links, texts):
        is_one = ("and" not in text and "&" not in text) or _GROUP.fullmatch(text.strip())
        for name in filter(None, map(decode_accents, [text] if is_one else _AND.split(text))):
            if found and _SUFFIX.fullmatch(name):
                found[-1] += f", {name}"
            elif name != ":":
                found.append(name)
        if len(found) >= MOST_AUTHORS:
            break
    return tuple(found[:MOST_AUTHORS])


def full_name(*parts: str) -> str:
    """Return the name of a person from given names, a family name and a suffix; Chinese names begin with the family."""
    known = [part for part in map(str.strip, parts) if part]
    if len(known) > 1 and all(map(_EASTERN.fullmatch, known)):
        return "".join(reversed(known))
    return " ".join(known)


def names_of(people: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return (names, whether some are left out) of a work's authors: one text each, or all in one text."""
    names: list[str] = []
    left_out = False
    for text in people[:MOST_AUTHORS]:
        plain = markup.plain(text)
        if "@" in plain:
            plain = _MAIL.sub(lambda mail: mail["name"] or "", plain)
        plain = _MARKS.sub("", _GLUED.sub("", plain))
        shown = plain[:-_LONGEST_END] + _ET_AL.sub("", plain[-_LONGEST_END:])
        left_out = left_out or shown != plain
        shown = shown.strip(" ,;")
        if len(people) > 1 or _is_one_name([part.strip() for part in shown.split(",")]):
            names += filter(None, [decode_accents(_PARENTHESES.sub("", shown))])
        else:
            ends_list = shown.endswith(".") and shown.count(".") == 1 and not re.search(r"\b[JS]r\.$", shown)
            names += split_names(shown[:-1] if ends_list else shown)
    return tuple(dict.fromkeys(names) if len(names) <= _NAMESAKE_THRESHOLD else names), left_out


def _is_one_name(parts: list[str]) -> bool:
    """Return whether two parts are a family name and a given name: listed people have more than one word each."""
    if len(parts) != 2 or _AND.search(parts[1]) or not _has_case(parts[0]):  # noqa: PLR2004
        return False
    return " " not in parts[0] or " " not in parts[1] or bool(_PARTICLE.match(parts[0]))


def _are_initials_of(family: str, text: str) -> bool:
    return len(family) > 1 and bool(_INITIALS.fullmatch(text)) and _has_case(text)


def _has_case(text: str) -> bool:
    """Return whether a name is in a script with large and small letters, unlike Chinese."""
    return text[:1].isupper() or text[:1].islower()


def _without_links(text: str) -> str:
    """Return the text with the words of its links, in Markdown or HTML, in place of the links."""
    return markup.without_tags(_LINK.sub(lambda link: link["name"], text) if "](" in text else text)
