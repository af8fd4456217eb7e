"""Whether a comment or an abstract says that its paper is gone."""

import re
from typing import Literal

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
    if found["by"] or found["also_by"] or found["who"]:
        return "authors"
    return "unknown"
