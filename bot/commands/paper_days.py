"""Finds the days and years of papers in a text: "yesterday's papers", "papers from 2024", 上周的论文. Pure."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from subscriptions.planning import cadence, clock_times
from subscriptions.planning.pauses import MONTH, MONTHS
from subscriptions.texts.folding import folded

PAPERS = re.compile(r"\b(?:papers?|articles?|preprints?|publications?)\b|论文|文章|文献")
NUMBER = r"(?:\d{1,3}|an?|one|two|three|four|five|six|a few|a couple of)"
_SOME = r"(?: few| couple of| \d{1,3}| two| three| four| five| six)?"
_YEAR = r"(?:19|20)\d\d"
DAY = (
    rf"(?:the )?day before yesterday|yesterday|{NUMBER} days? ago|(?:last )?{cadence.PATTERN}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}(?:,? {_YEAR})?|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? {_YEAR})?"
    r"|\d{4}-\d\d-\d\d"
)
_SPAN = rf"(?:the )?(?:last|past|previous|this){_SOME} (?:days?|weeks?|weekend|months?|years?)|{NUMBER} (?:weeks?|months?|years?) ago"
_SPAN += rf"|(?:{MONTH} |(?:the )?year )?{_YEAR}(?:-{_YEAR})?|{MONTH}"
_BEFORE = r"(?P<before>from|of|in|since|before|after|between|during|published(?: in| on| since)?|dated)"
_ENGLISH = re.compile(rf"(?<![\w-])(?:{_BEFORE} )?(?:(?P<day>{DAY})|(?P<span>{_SPAN}))(?:'s)?(?![\w-])")
_CHINESE = re.compile(
    r"(?:(?P<day>昨[天日]|前天|(?:\d{4}年)?\d{1,2}月\d{1,2}[日号])|(?P<span>(?:(?:19|20)\d\d|[去今前])年|[上这本]个?(?:周|星期|礼拜|月)"
    r"|(?:最|过去|近)[近]?[\d一两二三四五六七八九十几]{1,3}个?(?:天|周|星期|月|年)))"
    r"(?P<before>以来|[之以]?[后前]|起)?(?:发表|发布|公布|出)?的?"
)
_RELATIVE = re.compile(r"yesterday|ago$|(?:last|past|previous) ")
_AT_THE_END = frozenset({"from", "since", "before", "after", "published", "published in", "published since"})
SIGNS = re.compile(r'["()|*=]|\w:|(?:^|\s)-\w')
_DATE = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)|(?:(?P<day>\d\d?)\w* (?:of )?)?(?P<month>{MONTH})(?: (?P<day2>\d\d?)\w*)?(?:,? (?P<year>{_YEAR}))?"
)
_DATE_ZH = re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d\d?)月(?P<day>\d\d?)")


class PaperDays(NamedTuple):
    """The words of a text that say from which days papers shall be."""

    words: str
    rest: str  # the text without these words
    is_day: bool  # they name a single day


def paper_days(text: str) -> PaperDays | None:
    """Returns the words that say from which days papers shall be; None if there are none, and for queries with signs.

    Without a word for papers, only what surely is a time at the end counts: "diffusion since 2024", but not "top 2024".
    """
    plain = folded(text).rstrip(" .!?")
    if SIGNS.search(plain):
        return None
    names_papers = bool(PAPERS.search(plain))
    for found in (*_ENGLISH.finditer(plain), *_CHINESE.finditer(plain)):
        before, day, span = (found[name] or "" for name in ("before", "day", "span"))
        what = day or span
        is_han = not what.isascii()
        is_relative = bool(_RELATIVE.search(what)) or is_han
        may_be_last = not is_han or found.start() == 0  # "diffusion last week", and 上周, but not 扩散上周
        is_last = found.end() == len(plain) and may_be_last and (before in _AT_THE_END or (is_relative and not before))
        is_own = found[0].endswith("'s") or (what[:1].isdigit() and plain[found.end() :].startswith(" paper"))
        is_of_papers = names_papers and (bool(before) or is_relative or is_own)
        is_name = text[found.end() :].lstrip()[:1].isupper()  # papers from April Smith
        if (is_of_papers or is_last) and not is_name:
            is_day = bool(day) and before in ("", "from", "of", "published", "published on", "dated")
            rest = f"{text[: found.start()].rstrip()} {text[found.end() :].lstrip()}"
            return PaperDays(text[found.start() : found.end()].strip(" 的"), rest.strip(), is_day)
    return None


def day_of(words: str, today: date) -> date | None:
    """Returns the past day that words name; None if they name none, or one to come."""
    plain = folded(words)
    if "before yesterday" in plain or "前天" in plain:
        return today - timedelta(days=2)
    if "yesterday" in plain or "昨" in plain:
        return today - timedelta(days=1)
    if ago := re.search(rf"({NUMBER}) days? ago", plain):
        return today - timedelta(days=clock_times.count_of(ago[1]))
    if weekday := re.search(cadence.PATTERN, plain):
        return today - timedelta(days=(today.weekday() - cadence.day_number(weekday[0]) - 1) % 7 + 1)
    return _date_in(plain, today)


def _date_in(plain: str, today: date) -> date | None:
    if found := _DATE_ZH.search(plain):
        year, month, day = found["year"], int(found["month"]), found["day"]
    elif (found := _DATE.search(plain)) and not found["iso"]:
        year, month, day = found["year"], MONTHS.index(found["month"][:3]) + 1, found["day"] or found["day2"]
    else:
        iso = found["iso"].split("-") if found else ("", "0", "0")
        year, month, day = iso[0], int(iso[1]), iso[2]
    try:
        named = date(int(year or today.year), month, int(day or 0))
        if named <= today or year:
            return named
        return named.replace(year=today.year - 1)
    except ValueError:
        return None
