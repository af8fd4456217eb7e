"""Times in replies can be typed: in both languages each reads back as the same time."""

import pytest

from bot.commands.phrasing.cadence_words import cadence_words, everyday_cadence
from bot.rendering.language import Language
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times._ending import read_when, split_when

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CADENCES = (
    "now",
    "when-out 08:00-20:00",
    "when-out 09:00-18:00 weekdays",
    "daily 08:00",
    "weekdays 08:30",
    *tuple(f"weekly {day} 09:05" for day in DAYS),
)


@pytest.mark.parametrize("text", CADENCES)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "UTC", "+08:00", ""])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_stands_in_an_echo_reads_back(text: str, zone: str, lang: str) -> None:
    written = cadence_words(parse_cadence(text), Language(lang, "UTC"), zone)
    ending = split_when(f"diffusion {written}")
    assert (ending.query, ending.when) == ("diffusion", written)
    assert str(read_when(written)) == (text if text == "now" else f"{text} {zone}".rstrip())


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("now", "as soon as papers come", "论文一到就送达"),
        ("when-out 08:00-20:00", "when the day’s papers are out, 08:00–20:00", "当天的论文发布后，08:00–20:00"),
        ("daily 09:00", "every day 09:00", "每天 09:00"),
        ("weekdays 08:30", "Monday to Friday 08:30", "周一到周五 08:30"),
        ("weekly mon 09:00", "every Monday 09:00", "每周一 09:00"),
    ],
)
def test_how_people_say_it(text: str, english: str, chinese: str) -> None:
    assert everyday_cadence(text, Language("en", "UTC")) == english
    assert everyday_cadence(text, Language("zh", "UTC")) == chinese
