"""Finds past times in a text and reads them: "this morning" and its hours, "since Monday", "in the last 3 days", 昨晚. Pure."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from bot.commands.paper_days import DAY, NUMBER, day_of
from subscriptions.planning import cadence, clock_times

_PART = r"(?:morning|afternoon|evening|night)"
_ENGLISH = re.compile(
    r"(?<![\w-])(?:(?P<before>since|from|on|in|during|over|within|for|of) )?(?:the )?"
    rf"(?:last (?P<last>{_PART})|this (?P<this>{_PART})|tonight"
    rf"|(?P<which>this|last|past|previous) (?P<span>week|month)"
    rf"|(?:last|past|previous) (?P<many>{NUMBER}|\w+) (?P<unit>hour|day|week|month)s?"
    rf"|(?P<day>today|{DAY})(?: (?P<part>{_PART}))?)(?:'?s)?(?![\w-])"
)
_HAN_PART = r"(?:早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|早|晚)"
_HAN_WEEK = r"(?:周|星期|礼拜)"
_CHINESE = re.compile(
    r"(?:(?:自从?|从) ?)?"
    rf"(?:(?P<which>[这本上])个?(?P<span>{_HAN_WEEK}|月)(?![{cadence.CHINESE_SIGNS}])"
    rf"|(?:最近|过去|近)(?P<many>[\d一二两三四五六七八九十几]{{1,3}})个?(?P<unit>小时|天|日|{_HAN_WEEK}|月)"
    rf"|(?P<earlier>上)?[个这本]?{_HAN_WEEK}(?P<sign>[{cadence.CHINESE_SIGNS}])的?(?P<sign_part>{_HAN_PART})?"
    rf"|(?P<day>[今昨][天日]|前天|今(?=[早晚])|昨(?=[早晚])|(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}[日号])的?(?P<part>{_HAN_PART})?)"
    r"(?P<before>以来|[之以]后|到现在|起)?"
)
# Part of the day → the hours after midnight at which it begins and ends.
_HOURS = {
    **dict.fromkeys(("morning", "早上", "早晨", "清晨", "上午", "早"), (0, 12)),
    **dict.fromkeys(("afternoon", "下午", "中午"), (12, 18)),
    **dict.fromkeys(("evening", "night", "傍晚", "晚上", "夜里", "晚"), (18, 30)),
    "": (0, 24),
}
_UNITS = {"小时": "hour", "天": "day", "日": "day", "月": "month"}
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(30)}
_SINCE = frozenset({"since", "以来", "之后", "以后", "到现在", "起"})


class PastTime(NamedTuple):
    """Words of a text that name a past time."""

    found: re.Match[str]

    @property
    def rest(self) -> str:
        """Returns the text without these words."""
        said = self.found.string
        return f"{said[: self.found.start()]} {said[self.found.end() :]}".strip()

    @property
    def is_since(self) -> bool:
        """Returns whether all of the time up to now is meant: "since Monday"."""
        return self.found["before"] in _SINCE

    def bounds(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Returns when the time began and ended, seen from `now`; None for a day that there is not."""
        begin, end = self._stretch(now)
        if begin is None:
            return None
        return begin, now if self.is_since else min(end, now)

    def _stretch(self, now: datetime) -> tuple[datetime | None, datetime]:
        parts = self.found.groupdict()
        if parts["many"]:
            unit = _UNITS.get(parts["unit"], parts["unit"])
            return now - clock_times.count_of(parts["many"]) * _LENGTHS.get(unit, _LENGTHS["week"]), now
        if parts["span"]:
            return _week_or_month(now, is_month=parts["span"] in ("month", "月"), is_this=parts["which"] in "this这本")
        day, part = self._day(now.date())
        first, last = _HOURS[part]
        return (_at(now, day, first) if day else None), _at(now, day or now.date(), last)

    def _day(self, today: date) -> tuple[date | None, str]:
        """Returns the day on which the time begins, and the part of the day, if one is named."""
        parts = self.found.groupdict()
        if parts.get("sign"):
            ago = (today.weekday() - cadence.chinese_day_number(parts["sign"]) - 1) % 7 + 1
            monday = today - timedelta(days=today.weekday())
            is_of_this_week = today - timedelta(days=ago) >= monday
            return today - timedelta(days=ago + 7 * bool(parts["earlier"] and is_of_this_week)), parts[
                "sign_part"
            ] or ""
        if parts.get("last"):
            return today - timedelta(days=1), parts["last"]
        if parts.get("this"):
            return today, parts["this"]
        named = parts["day"] or "tonight"
        if named == "tonight":
            return today, "evening"
        is_today = named in ("today", "今天", "今日", "今")
        return today if is_today else day_of(named, today), parts["part"] or ""


def past_time(plain: str) -> PastTime | None:
    """Returns the first past time that a folded text names; None if it names none."""
    found = _ENGLISH.search(plain) or _CHINESE.search(plain)
    return PastTime(found) if found else None


def _week_or_month(now: datetime, *, is_month: bool, is_this: bool) -> tuple[datetime, datetime]:
    """Returns when this week or month, or the one before, began and ended."""
    today = now.date()
    first = today.replace(day=1) if is_month else today - timedelta(days=today.weekday())
    if is_this:
        return _at(now, first), now
    before = (first - timedelta(days=1)).replace(day=1) if is_month else first - timedelta(weeks=1)
    return _at(now, before), _at(now, first)


def _at(now: datetime, day: date, hours: int = 0) -> datetime:
    days, hour = divmod(hours, 24)
    return datetime.combine(day + timedelta(days=days), time(hour), now.tzinfo)
