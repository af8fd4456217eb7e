"""Reads how many papers a text allows: "at most 5 a day", 每天最多5篇. Pure."""

import re

from bot.sentences.words import none_of_it, reader
from bot.sentences.words.said import Said
from subscriptions.planning.clock_times import count_of

_COUNT = (
    r"(?:\d{1,3}(?![\d:])|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|[一二两三四五六七八九十几]{1,4})"
)
_AMOUNT = rf"(?<![a-z0-9_#:.])(?:{_COUNT}\s?(?:-|~|to|or|到|至|或)\s?)?(?P<many>{_COUNT})"
_OF_PAPERS = r"papers?|articles?|preprints?|results?|items?|titles?|at (?:most|a time|once)|(?:a|per|each|every) (?:day|time|digest|delivery|week)|max\b"
_FORMER = re.compile(rf"\b(?:instead of|rather than|not|from)\s+{_AMOUNT}(?:\s+papers?)?|(?:而?不是|从){_COUNT}篇?")
_LIMITS = (
    re.compile(rf"{_AMOUNT}\s*(?:(?:new|best|top|good) )?(?:{_OF_PAPERS}|篇)"),
    re.compile(
        r"(?:at most|more than|up to|max(?:imum)?|limit|cap|only|just|top|best|under|fewer than|less than|[最至]多|超过|上限|限制|前)"
        rf"[^\d,.;]{{0,16}}?{_AMOUNT}"
    ),
)
_LIMIT = r"(?:(?:paper|upper|daily) )?(?:limits?|caps?|maximum)\b|上限|限制|限额"
_UNLIMITED = re.compile(
    r"\bunlimited\b|\b(?:don'?t|do not|never) (?:limit|cap)\b|\bas many(?: papers)? as there are\b|不(?:要|用|再|加)?限(?!于)|别限"
)


def limit_in(said: Said) -> str:
    """Returns the number of papers that a sentence allows, in digits; of a range, the larger one.

    "all" if there shall be no limit; "" if it is not clear.
    """
    plain = _FORMER.sub("", reader.folded(said.text))
    found = next(filter(None, (one.search(plain) for one in _LIMITS)), None)
    if found is None and (_UNLIMITED.search(plain) or none_of_it.wants_none(plain, _LIMIT)) and not said.numbers:
        return "all"
    if found is None:
        return next(
            (one for one in said.numbers if re.search(rf"(?<!\d){one}(?!\d)", plain)), next(iter(said.numbers), "")
        )
    if "几" in found["many"]:
        return ""
    return str(count_of(found["many"]))


_AT_MOST = re.compile(
    r"\b(?:tops|at most|no more than|not more than|up to|max(?:imum)?(?: of)?|fewer than|less than)\b|[最至]多|不超过|别超过|上限"
)
_A_DAY = re.compile(r"\b(?:a|per|each|every) day\b|\bdaily\b|每[天日]|一天")
_COUNTED = re.compile(
    rf"(?<!at ){_AMOUNT}\s*(?:篇|(?=(?:new |best |top )?(?:papers?|articles?|preprints?|results?)\b)|(?=(?:a|per|each|every) day\b)|(?=daily\s*(?:$|[,.;!])|(?:max|tops|at most)\b))"
    rf"|(?<=max ){_AMOUNT.replace('?P<many>', '')}(?= daily\s*(?:$|[,.;!]))"
)


def daily_limit(text: str) -> str:
    """Returns the most papers that a text wants in a day, in digits; "" if it names no such number."""
    plain = reader.folded(text)
    if not _A_DAY.search(plain) and not (_AT_MOST.search(plain) and _COUNTED.search(plain)):
        return ""
    if _COUNTED.search(plain):
        return limit_in(Said(text, reader.tokens_of(text)))
    return ""


def without_limit(text: str) -> str:
    """Returns a text without the words for the most papers in a day; a time stays."""
    plain = reader.folded(text)
    spans = [one.span() for pattern in (_AT_MOST, _COUNTED) for one in pattern.finditer(plain)]
    spans += [one.span() for one in re.finditer(r"\b(?:a|per|each) day\b|(?<=\d )daily\b", plain)]
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return " ".join(text.split())
