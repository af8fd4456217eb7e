"""Sentences, counts, dates, numbers and queries in the chat's language: gettext catalogues from locales/, and Babel (CLDR).

The English sentence is the msgid. Its placeholders are written `{name}`, as for str.format.

The reading of a query explains the query in the person's own words, never stems: the reading of `diffusion -survey` is
"diffusion, not survey", that of `author:Jane Doe` is "Doe author:Jane". Words come before fields; otherwise a word
would seem to belong to the field before it. In every language, a reading is itself a query with the same matches. A
caret shows where a refused query is wrong.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from itertools import repeat
from types import ModuleType

from rich.cells import cell_len

from bot.ports.channel import Reply
from subscriptions import errors
from subscriptions.categories import has_classes
from subscriptions.planning.times import split_when
from subscriptions.query import ValueKind, parse, written_values
from subscriptions.query.sentences import MAX_QUERY_LENGTH
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query
from subscriptions.texts.cutting import cut_letters
from subscriptions.zones import zone

_LONGEST_TYPED = 60  # characters of a typed text that is repeated

DOMAIN = "paperwire"
# CLDR patterns for days.
_DAY_WITH_WEEKDAY = {"en": "EEE d MMM", "zh": "M月d日 EEE"}
_DAY_WITH_YEAR = {"en": "EEE d MMM y", "zh": "y年M月d日 EEE"}
_DAY_IN_MONTH = {"en": "EEE d", "zh": "d日 EEE"}
_DAY = {"en": "d MMM", "zh": "M月d日"}
_A_YEAR = timedelta(days=300)  # an earlier day is written with its year, or readers may take it for one of this year
# Whether the month is before the day. A range within one month names the month once: with the first day if so, else with
# the last.
_MONTH_FIRST = {"en": False, "zh": True}

_NAMES_CITIES = {"en": False, "zh": True}  # whether a zone is written as the name of its city
# Zones whose cities are listed in CLDR under an older name of the zone.
_OLDER_ZONES = {
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Europe/Kyiv": "Europe/Kiev",
}


@lru_cache
def _catalogue(lang: str) -> GNUTranslations:
    path = files("locales").joinpath(_known(lang), "LC_MESSAGES", f"{DOMAIN}.mo")
    with path.open("rb") as catalogue:
        return GNUTranslations(catalogue)


def translator(lang: str) -> Callable[[str], str]:
    """Returns a function that translates msgids into Chinese for "zh", else into English. It fills no placeholders."""
    gettext = _catalogue(lang).gettext
    return lambda msgid: gettext(msgid) if msgid else ""  # the msgid "" is the header of the catalogue


def _day_pattern(day: date, seen_from: date | None) -> dict[str, str]:
    """Returns the pattern for a day: with its year if it is long before `seen_from`, else with its weekday."""
    return _DAY_WITH_YEAR if seen_from is not None and seen_from - day > _A_YEAR else _DAY_WITH_WEEKDAY


def _known(lang: str) -> str:
    return "zh" if lang.lower().startswith("zh") else "en"


class Language:
    """Writes sentences, counts, days and moments in one language and one time zone.

    `lang` is "en" or "zh", `timezone` an IANA name or a fixed offset like "+08:00".
    """

    def __init__(self, lang: str, timezone: str) -> None:
        self.code = _known(lang)
        self.zone = zone(timezone)
        self.translate = translator(lang)

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in this language with its placeholders filled."""
        return self.translate(sentence).format_map(values)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural for `count`, with placeholders filled.

        `{count}` becomes the number with separators.
        """
        return _catalogue(self.code).ngettext(one, many, count).format_map({"count": self.number(count), **values})

    def number(self, number: int) -> str:
        """Returns the number with separators: 2,061."""
        return _number(number, self.code)

    def local(self, moment: datetime) -> datetime:
        """Returns the moment in this time zone."""
        return moment.astimezone(self.zone)

    def day(self, day: date, *, seen_from: date | None = None) -> str:
        """Returns the day as Thu 22 Jan, 1月22日 周四.

        The year is added if the day is more than 300 days before `seen_from`.
        """
        return self._date(day, _day_pattern(day, seen_from))

    def short_day(self, day: date) -> str:
        """Returns the day as 2 Feb, 2月2日."""
        return self._date(day, _DAY)

    def days(self, days: Sequence[date], *, seen_from: date | None = None) -> str:
        """Returns the first and the last of these days: Mon 19 – Thu 22 Jan, 1月19日 周一 – 22日 周四.

        The year is written as in `day`.
        """
        first, last = min(days), max(days)
        if first == last:
            return self.day(first, seen_from=seen_from)
        patterns = [_day_pattern(first, seen_from)] * 2
        if first.year == last.year:
            patterns[_MONTH_FIRST[self.code]] = _DAY_IN_MONTH if first.month == last.month else _DAY_WITH_WEEKDAY
        return f"{self._date(first, patterns[0])} – {self._date(last, patterns[1])}"

    def moment(self, moment: datetime, *, about: bool = False, now: datetime | None = None, year: bool = False) -> str:
        """Returns the moment as Tue 27 Jan 13:00, or with `about` as Tue 27 Jan about 13:00.

        The year is written if `year` is set, or if it differs from the year of `now`.
        """
        local = self.local(moment)
        with_year = year or (now is not None and local.year != self.local(now).year)
        day = self._date(local.date(), _DAY_WITH_YEAR) if with_year else self.day(local.date())
        values = {"day": day, "time": f"{local:%H:%M}"}
        return self.say("{day} about {time}", **values) if about else self.say("{day} {time}", **values)

    def duration(self, length: timedelta) -> str:
        """Returns the length in its largest unit: 3 days, 5 小时."""
        dates, _ = _babel()
        written = dates.format_timedelta(length, threshold=1, locale=self.code)
        return re.sub(r"(?<=\d)(?=[^\W\d])", " ", written)  # CLDR writes 5小时; our sentences have a space there

    def city(self, zone: str) -> str:
        """Returns the city of a zone: for Europe/Berlin, Berlin or 柏林. For a zone without a city, the last part of its name."""
        dates, _ = _babel()
        names = dates.Locale.parse(self.code).time_zones
        known = names.get(zone) or names.get(_OLDER_ZONES.get(zone, "")) or {}
        return str(known.get("city") or zone.rpartition("/")[2].replace("_", " "))

    def zone_name(self, zone: str) -> str:
        """Returns the zone as people read it: Europe/Berlin in English; in Chinese 柏林, if there is a Chinese name."""
        named = self.city(zone) if _NAMES_CITIES[self.code] and "/" in zone else zone
        return zone if named.isascii() else named

    def speaking(self, lang: str, timezone: str) -> "Language":
        """Returns a Language for this language and time zone."""
        return Language(lang, timezone)

    def _date(self, day: date, patterns: dict[str, str]) -> str:
        return _date(day, patterns[self.code], self.code)


# The bulletins of one morning contain few different days and counts, so a cache saves most of the work.
@lru_cache(maxsize=1024)
def _number(number: int, code: str) -> str:
    _, numbers = _babel()
    return str(numbers.format_decimal(number, locale=code))


@lru_cache(maxsize=1024)
def _date(day: date, pattern: str, code: str) -> str:
    dates, _ = _babel()
    return str(dates.format_date(day, pattern, locale=code))


def _babel() -> tuple[ModuleType, ModuleType]:
    """Returns Babel's modules (dates, numbers)."""
    from babel import dates, numbers  # noqa: PLC0415 - Babel takes 20 ms, and many processes write no message

    return dates, numbers


def refused(error: errors.PaperwireError, language: Language, typed: str = "") -> Reply:
    """Returns the reply to a refused request. For a QueryError, also shows `typed` with a caret under the error's column."""
    code = caret(typed, error.column) if isinstance(error, errors.QueryError) else ()
    hint = error.hint.say(language.translate)
    return Reply(lines=(short(error.sentence).say(language.translate), *([hint] if hint else [])), ok=False, code=code)


def short(sentence: errors.Sentence) -> errors.Sentence:
    """Returns the sentence with long values cut, since a message may have only 4,096 characters."""
    return errors.Sentence(sentence.template, {name: _cut(value) for name, value in sentence.values.items()})


def _cut(value: object) -> object:
    if isinstance(value, errors.Sentence):
        return short(value)
    return cut_letters(value, _LONGEST_TYPED) if isinstance(value, str) else value


# ----------------------------------------------------------------------------------------------------- queries in words


Translate = Callable[[str], str]

WINDOW = 60  # terminal cells of a refused query that are shown around its error
_CUT = "…"

_AND = errors.Sentence("{first} {second}")
_OR = errors.Sentence("{first} OR {second}")
_BUT_NOT = errors.Sentence("{wanted}, not {excluded}")
_WITHOUT = errors.Sentence("{wanted} -{excluded}")


def query_in_words(query: Query, translate: Translate) -> str:
    """Returns the reading of a query. If that is longer than a query may be, returns the query as it was typed."""
    reading = _reading(query.tree, translate)
    return reading if len(reading) <= MAX_QUERY_LENGTH else " ".join(query.text.split())


def explain(text: str, translate: Translate) -> dict[str, object]:
    """Returns the document of `explain --json` (docs/commands.md): what a query means, or why it is refused.

    A time at the end of the text is no part of the query, as after /sub.
    """
    ending = split_when(text)
    typed = {"query": text, "text": text}
    try:
        query = parse.parse_query(ending.query)
    except errors.QueryError as error:
        refusal = {"column": error.column, "message": error.sentence.say(translate), "hint": error.hint.say(translate)}
        return {**typed, "canonical": None, "words": None, "hints": [], "error": refusal}
    return {
        **typed,
        "canonical": query.canonical,
        "words": query_in_words(query, translate),
        "hints": [hint.say(translate) for hint in query.hints],
        "error": None,
    }


# ---------------------------------------------------------------------------------------------------------- the reading


def _reading(node: Node, translate: Translate) -> str:
    if isinstance(node, Leaf):
        return _leaf(node, translate)
    if isinstance(node, Not):
        return errors.Sentence("NOT {excluded}", {"excluded": _inner(node.node, translate)}).say(translate)
    wanted, excluded = _parted(node)
    parts = sorted(wanted, key=_names_a_field)
    # a comprehension would add a stack frame for each nested bracket of a query
    reading, *more = map(_inner, parts, repeat(translate))
    for second in more:
        both = {"first": reading, "second": second}
        reading = replace(_OR if isinstance(node, Or) else _AND, values=both).say(translate)
    for part in excluded:  # after several wanted words "-" is written, since "a b, not c" would make a phrase of "a b"
        values = {"wanted": reading, "excluded": _inner(part.node, translate)}
        reading = replace(_WITHOUT if more else _BUT_NOT, values=values).say(translate)
    return reading


def _parted(node: And | Or) -> tuple[Sequence[Node], Sequence[Not]]:
    """Returns (wanted parts, excluded parts). Without a wanted part, or in an OR, all parts count as wanted."""
    excluded = [part for part in node.nodes if isinstance(part, Not)]
    if isinstance(node, Or) or len(excluded) == len(node.nodes):
        return node.nodes, ()
    return [part for part in node.nodes if not isinstance(part, Not)], excluded


def _names_a_field(node: Node) -> bool:
    return isinstance(node, Leaf) and not node.term.field.is_bare


def _inner(node: Node, translate: Translate) -> str:
    """Returns the reading of a part. The reading is in brackets if the part has parts itself."""
    reading = _reading(node, translate)
    return errors.Sentence("({inner})", {"inner": reading}).say(translate) if isinstance(node, And | Or) else reading


def _leaf(leaf: Leaf, translate: Translate) -> str:
    value, field = written_values.written_value(leaf), leaf.term.field
    if field.kind is ValueKind.CATEGORY and has_classes(value):
        value = f"{value}.*"
    if field.is_bare:
        return value
    return replace(field.reading, values={"words": value}).say(translate) if field.reading else f"{field.name}:{value}"


# ------------------------------------------------------------------------------------------------------------ the caret


def caret(text: str, column: int) -> tuple[str, str]:
    """Returns (line of a refused query, line with ^ below `column`), for a font of fixed width.

    Columns count code points, from 1.

    A long query is cut on both sides of the column, to 60 cells. "…" marks where text is left out.
    """
    shown = [_visible(char) for char in text]
    at = min(max(column, 1) - 1, len(shown))
    before, after = "".join(shown[:at]), "".join(shown[at:])
    room = WINDOW - 1
    if cell_len(before) + cell_len(after) <= room:
        return before + after, " " * cell_len(before) + "^"
    tail = _fitting(after, max(room // 3, room - cell_len(before)))
    head = _fitting(before[::-1], room - cell_len(tail))[::-1]
    while head and not cell_len(head[0]):  # a combining mark whose letter was cut off
        head = head[1:]
    head = head if head == before else _CUT + head
    return head + (tail if tail == after else tail + _CUT), " " * cell_len(head) + "^"


def _visible(char: str) -> str:
    """Returns the character for a line: a space instead of white space, "" instead of control and format characters."""
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char


def _fitting(text: str, room: int) -> str:
    """Returns the beginning of a text that fits into `room` cells. If the text is cut, one cell stays free for "…"."""
    if cell_len(text) <= room:
        return text
    width = 0
    for place, char in enumerate(text):
        width += cell_len(char)
        if width >= room:
            return text[:place]
    return text
