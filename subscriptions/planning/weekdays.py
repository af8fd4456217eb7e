"""The days of the week, as they are stored and as people type them. All patterns are for plain text in lower case."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The stored names, by the numbers of `date.weekday`. They are also the first three letters of the full names."""
FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERN = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
"""The English names, in full and shortened."""
_CHINESE = "一二三四五六日"
CHINESE_SIGNS = f"{_CHINESE}天"
"""The signs behind 周, 星期 and 礼拜."""


def day_number(name: str) -> int:
    """Returns the number of an English name that `PATTERN` matches: 0 for Monday."""
    return DAYS.index(name[:3])


def chinese_day_number(sign: str) -> int:
    """Returns the number of one of `CHINESE_SIGNS`: 0 for 一."""
    return _CHINESE.index(sign.replace("天", "日"))
