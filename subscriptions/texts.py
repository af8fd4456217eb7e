"""Texts from outside: escapes control characters, normalizes, recognises failed summaries, and cuts texts to a length.

A terminal or a log may obey some characters instead of showing them: control characters, surrogates, line separators
(Unicode's categories Cc, Cs, Zl, Zp) and marks of text direction (its annex 9). Only these are escaped. Joined emoji,
private characters and spaces of other scripts stay, although `str.isprintable` is false for them.
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Literal
from unicodedata import combining, east_asian_width, normalize
from urllib.parse import urlsplit

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]")
# Our own texts may have isolated parts (U+2068 to U+2069), whose text direction does not affect the text around them.
_IN_LINES = re.compile(
    f"\u2068[^\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]*\u2069|(?![\n\t]){_HIDDEN.pattern}"
)


def escaped(value: str) -> str:
    r"""Returns a text from outside on one line, with \uXXXX for each character that a terminal would obey."""
    if value.isprintable():  # most texts are, and this check is fast
        return value
    return _HIDDEN.sub(_as_code, value)


def escaped_lines(text: str) -> str:
    r"""Escapes a text that the program wrote. Line ends, tabs and isolated parts stay. Valid JSON stays valid."""
    if text.isprintable():  # most texts are, and this check is fast; characters of direction are not printable
        return text
    return _IN_LINES.sub(lambda found: _as_code(found) if len(found[0]) == 1 else found[0], text)


def json_line(value: object) -> str:
    """Returns a value as JSON on one line. A datetime is written in UTC, to the second, with Z."""
    return escaped_lines(json.dumps(value, ensure_ascii=False, default=_moment))


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# ----------------------------------------- unicode's normal forms of texts from any author (Unicode Standard Annex 15)


MOST_MARKS = 30  # on one letter, as in the annex's Stream-Safe Text Format; no language has more than a few
# Marks are neither letters nor spaces. Only the characters in a long run of them are checked one by one.
_NO_LETTERS = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Returns a text in one of Unicode's normal forms. Each letter keeps at most `MOST_MARKS` combining marks.

    Reason: Python sorts the marks on a letter in quadratic time; 128,000 marks take 12 s.
    """
    return normalize(form, text if text.isascii() else _NO_LETTERS.sub(_with_fewer_marks, text))


def _with_fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for sign in run[0]:
        marks = marks + 1 if combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


# ------------------------------------------------------------ error texts that generators write into fields of a summary

# Public digests of the daily-arXiv family contain these texts. A field has to equal one of them, since a real summary may
# contain the word "failed".


SummaryState = Literal["ok", "failed", "placeholder", "empty", "not stated"]

_FAILED = frozenset(
    {
        "Summary generation failed",
        "Motivation analysis unavailable",
        "Method extraction failed",
        "Result analysis unavailable",
        "Conclusion extraction failed",
        "Processing failed",
        "Error",
        "错误：AI分析失败。",
    },
)
_NOT_STATED = frozenset({"N/A", "Not mentioned in abstract", "未在摘要中提及"})
_ERROR = re.compile(r"[\[(*]*(?i:error|错误)(?:[\])]|\W*(?:[:：]|\d|$))")  # the beginning of an error
_ERROR_SIGNS = frozenset("[(*Ee错")  # with which it begins
_PLACEHOLDER = re.compile(r"\{\w+\}")  # a template that was never filled: {tldr}


def summary_state(text: str) -> SummaryState:
    """Returns the state of one field of a summary. Only fields in the state "ok" are shown and matched.

    "not stated" means that the summariser found nothing to say. The other three states are failures.
    """
    value = text.strip()
    if not value:
        return "empty"
    if value in _FAILED or (value[0] in _ERROR_SIGNS and _ERROR.match(value)):
        return "failed"
    if value in _NOT_STATED:
        return "not stated"
    return "placeholder" if _PLACEHOLDER.fullmatch(value) else "ok"


# ------------------------------------------------------------------------------------- addresses of code and data


_ARTEFACTS = {
    "code": re.compile(
        r"(?:github|gitlab|bitbucket|codeberg|sourceforge|gitee)\.(?:com|org|net)/\w|\bgitlab\.[\w.-]+/\w|\.github\.io\b|huggingface\.co/(?!datasets|papers)\w"
        r"|(?:pypi|anaconda|codeocean|npmjs)\.(?:org|com)/\w|cran\.r-project\.org|\bgit\.[\w.-]+/\w|softwareheritage\.org/\w",
        re.IGNORECASE,
    ),
    "data": re.compile(
        r"(?:zenodo|figshare|datadryad|openneuro|kaggle|dataverse|pangaea|physionet|openml)\.(?:org|com|de)\b|\bosf\.io/\w|huggingface\.co/datasets/\w"
        r"|\b10\.(?:5281/zenodo|6084/m9\.figshare|5061/dryad|7910/dvn|17605/osf|17632|1594/pangaea)\b|\bdataverse\.[\w.-]+/|ncbi\.nlm\.nih\.gov/(?:geo|sra|bioproject)\b",
        re.IGNORECASE,
    ),
}


def artefacts_in(*texts: str) -> list[str]:
    """Returns "code" and "data" if one of the texts holds an address of such."""
    return [name for name, address in _ARTEFACTS.items() if any("." in text and address.search(text) for text in texts)]


_WORD_WITH_ADDRESS = re.compile(r"[^\s<>\"'“”‘’(){}\[\]|，。；（）]{4,500}")
_ADDRESS_BEGINS = re.compile(r"https?://|10\.\d{4,9}/", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!?*…~`\\$"


def artefact_address(kind: str, *texts: str) -> str:
    """Returns the first web address of "code" or "data" in the texts; "" if there is none.

    The host itself must be known: an address elsewhere that only contains a known name does not count.
    """
    known = _ARTEFACTS[kind]
    for text in texts:
        if artefacts_in(text):
            words = (word.rstrip(_AFTER_ADDRESS) for word in _WORD_WITH_ADDRESS.findall(text.replace("\\_", "_")))
            for address in map(_address_in, words):
                if _is_of_known_host(known, address):
                    return address
    return ""


def _address_in(word: str) -> str:
    """Returns the web address that a word holds, or would hold with a scheme."""
    begins = _ADDRESS_BEGINS.search(word)
    if begins is None:
        return f"https://{word}"
    address = word[begins.start() :]
    return address if "://" in begins[0] else f"https://doi.org/{address}"


def _is_of_known_host(known: re.Pattern[str], address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = parts.hostname or ""
    if host in {"doi.org", "dx.doi.org"}:
        return known.match(parts.path.lstrip("/")) is not None
    found = known.search(f"{host}{parts.path}")
    if found is None or found.start() >= len(host) or found.end() < len(host) or "@" in parts.netloc:
        return False
    return found.start() == 0 or "." in (host[found.start() - 1], found[0][0])


# ------------------------------------------------------------- what comments and abstracts say of papers that are gone


# spaces are written as `\s`, since these parts stand in a verbose expression
_KIND = r"(?:\w{1,20}\s)?(?:paper|article|submission|manuscript|pre-?print|e-?print|work|report|study|document|version|note|thesis|draft)"
_AUTHORS = (
    r"(?:(?:all|both|the|its|their|an?|one|two|three|of|first|corresponding|lead|senior|original|submitting)\s){0,4}"
    r"(?:co-?)?authors?\b"
)
_GONE = r"(?:(?:now|since|already|been|being|\w{1,20}ly)\s)*withdrawn\b(?!\sfrom\s(?!(?:the\s)?(?:\w{0,9}rxiv|publication|server)))"
_PEOPLE = rf"(?:{_AUTHORS}|us\b|me\b)"
_OTHERS = r"(?:the\s)?(?:submitters?|editors?|publisher|(?:\w{0,9}rxiv\s)?(?:admin|moderat)\w{1,20}|\w{0,9}rxiv)\b"
_WITHDRAWN = re.compile(
    rf"""[\W_]{{0,20}}(?:
    (?:this|the|our)\s{_KIND}\s(?:has|is|was|had\sto\sbe|must\sbe)\s{_GONE} (?:\sby\s(?P<by>{_PEOPLE}))?
    | (?:(?:this\s)?{_KIND}\s)?{_GONE} (?:\W{{0,20}}$|[.:;,)\]]|\s(?:due|because|pending)\b|\sby\s(?:(?P<also_by>{_PEOPLE})|{_OTHERS}))
    | (?:(?P<who>{_AUTHORS}|we|i)|{_OTHERS})\s(?:have\s|has\s)?(?:(?:now|since|hereby|\w{{1,20}}ly)\s)*with(?:drawn|draw|drew)
      \s(?:this|their|our|my)\s{_KIND}
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def withdrawn_by(text: str) -> Literal["authors", "unknown", ""]:
    """Returns whether a comment or an abstract says that its paper was withdrawn, and by whom; "" if it does not."""
    found = _WITHDRAWN.match(text)
    if not found:
        return ""
    return "authors" if found["by"] or found["also_by"] or found["who"] else "unknown"


# ---------------------------------------------------------------------------------------------- the ways to cut a text

# "…" marks what is left out, and counts as a character; no function splits a character.
#
# | limit in          | function          | where it cuts                                            |
# |-------------------|-------------------|----------------------------------------------------------|
# | columns of a line | `cut_at_sentence` | after a sentence, otherwise at a word                    |
# |                   | `first_sentence`  | after the first sentence, otherwise nothing is left      |
# |                   | `cut_at_clause`   | after a clause, otherwise at a word                      |
# |                   | `cut_at_word`     | at a word                                                |
# |                   | `pieces`          | after sentences, into several texts without "…"          |
# | UTF-16 units      | `cut_units`       | anywhere; removes spaces, commas and dashes before "…"   |
# | characters        | `cut_letters`     | anywhere; removes spaces before "…"                      |
# |                   | `clip`            | anywhere                                                 |
# |                   | `clip_start`      | anywhere; keeps the end                                  |


ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0e\ufe0f"  # zero-width joiner, variation selectors: parts of the character before them
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?(?=\s)|[。！？][”’）」]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|resp|Fig|Figs|Eq|Eqs|Sec|No|Dr|Prof|St|approx))\.$"
)
_CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[–—](?=\s)|[，；：]")
_LEAST_SHARE = 0.4  # a text that is cut before this share of the columns leaves too many of them empty
_MOST_SHARE = 0.6  # a text is cut after a clause that ends after this share of the columns, not after the last word
_TRAILING = " \t\n,;:–—-([，；：、（"


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Returns the columns of a text in a fixed-width line: two for a Chinese character, none for a combining accent."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def units(text: str) -> int:
    """Returns the number of UTF-16 units of a text, which platforms count: an emoji has two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_at_word(text: str, columns: int) -> str:
    """Returns at most `columns` columns of the text, cut after a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    clause = max(text.rfind(sign, 0, end + 1) for sign in "，；、")
    word = clause if clause > end * _MOST_SHARE else max(text.rfind(" ", 0, end + 1), _last_wide(text, end))
    if word > end * _LEAST_SHARE:
        end = word
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_at_sentence(text: str, columns: int) -> str:
    """Returns the first sentences that fit into `columns` columns.

    If they fill less than 40% of the columns, returns the first words that fit, with "…".
    """
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, columns)
    ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))) if m.end() <= end]
    for last in reversed(ends):
        if last < end * _LEAST_SHARE:
            break
        if not _ABBREVIATION.search(text[:last]):
            return text[:last]
    return cut_at_word(text, columns)


def first_sentence(text: str, columns: int) -> str:
    """Returns the first sentence of a text; "" if it is wider than `columns` columns or has no end."""
    end = _longest_prefix(text, columns)
    for match in _SENTENCE_END.finditer(text, 0, min(end + 1, len(text))):
        if match.end() <= end and not _ABBREVIATION.search(text[: match.end()]):
            return text[: match.end()]
    return ""


def cut_at_clause(text: str, columns: int) -> str:
    """Returns at most `columns` columns of the text, cut after a clause if that fills 60% of them, else after a word."""
    if width(text) <= columns:
        return text
    end = _longest_prefix(text, max(columns - 1, 0))
    ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, min(end + 1, len(text)))]
    return text[: ends[-1]] + ELLIPSIS if ends and ends[-1] > end * _MOST_SHARE else cut_at_word(text, columns)


def pieces(text: str, columns: int) -> list[str]:
    """Splits a text into pieces of at most `columns` columns. Only the spaces between the pieces are lost."""
    found = []
    while width(text) > columns:
        piece = cut_at_sentence(text, columns).removesuffix(ELLIPSIS) or text[:columns]
        found.append(piece)
        text = text[len(piece) :].lstrip()
    return [*found, text] if text or not found else found


def cut_units(text: str, most: int) -> str:
    """Returns at most `most` UTF-16 units of the text, for the limits of platforms."""
    if units(text) <= most:
        return text
    used = accumulate(map(units, text))
    end = next(place for place, length in enumerate(used) if length >= most)
    return text[:end].rstrip(_TRAILING) + ELLIPSIS


def cut_letters(text: str, most: int) -> str:
    """Returns at most `most` characters of the text, without spaces before the "…"."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS


def clip(text: str, most: int) -> str:
    """Returns at most `most` characters of the text, the last of them "…" if it was cut. For quotations."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def clip_start(text: str, most: int) -> str:
    """Returns at most `most` characters from the end of the text, the first of them "…" if it was cut. For paths."""
    return text if len(text) <= most else ELLIPSIS + text[1 - most :]


def _longest_prefix(text: str, columns: int) -> int:
    """Returns the length of the longest beginning that is at most `columns` columns wide and splits no character."""
    used = accumulate(map(_char_width, text))
    end = next((place for place, so_far in enumerate(used) if so_far > columns), len(text))
    if end == len(text):
        return end
    while end > 0 and (not _char_width(text[end]) or text[end] in _JOINERS or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _last_wide(text: str, end: int) -> int:
    """Returns the index after the last wide character before `end`, where a line may break; -1 if none is near."""
    for index in range(end, max(end - 24, 0), -1):
        if _char_width(text[index - 1]) == 2:  # noqa: PLR2004 - wide, see width
            return index
    return -1
