"""All code that reads text of others takes about twice the time for twice the text, whatever the text is.

The tests measure processor time for a text and for one eight times as long. If the time grows with the square of the
length, the longer text takes 64 times as long.
"""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import process_time

import pytest

from bench._hostile_texts import REPEATED, WORST
from bot.commands import bare_commands, everyday, intent, settings
from bot.commands.asking import NUMBERS
from bot.digests import read_digest
from bot.platforms.slack.incoming import unescape
from bot.ports.conversation import MessageRequest, Place
from bot.rendering.queries_in_words import explain
from bot.settings.values import is_cron
from subscriptions import portable
from subscriptions.chat_settings import check_value
from subscriptions.errors import PaperwireError
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.planning import times
from subscriptions.planning.pauses import parse_pause
from subscriptions.query import links
from subscriptions.query.parse import parse_canonical
from subscriptions.query.refusals import MAX_QUERY_LENGTH
from subscriptions.zones import zone_of_place
from tests.clock import NOON

TIMES_AS_LONG = 8
GROWTH = 3.0  # how much the time per character may grow; caches cause some of it
SOON = 0.005  # seconds; shorter times cannot be measured

READERS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: intent.understand(_message(text, "42"), None, intent.REGISTRY),
    "commands": lambda text: intent.understand(_message(text, "42", "sub"), None, intent.REGISTRY),
    "cities": settings.place_in,
    "everyday wishes": everyday.wish,
    "commands without a slash": bare_commands.bare_command,
    "mentions of papers": links.mentioned,
    "links": links.links_to_no_paper,
    "times": times.read_when,
    "times behind a query": times.split_when,
    "words that may be times": times.as_words,
    "ranges of hours": times.hours_of,
    "pauses": lambda text: parse_pause(text, NOON.tzinfo, NOON),  # type: ignore[arg-type]
    "places": zone_of_place,
    "schedules": is_cron,
    "numbers": lambda text: re.fullmatch(NUMBERS, text),
    "settings": lambda text: check_value("limit", text, kind=ChatKind.PRIVATE),
    "exports": lambda text: list(portable.read_lines(text)),
    "text of Slack": unescape,
}
QUERIES: dict[str, Callable[[str], object]] = {
    "kept queries": portable.kept_query,
    "explanations": lambda text: explain(text, str),
    "canonical queries": parse_canonical,
}


def _message(text: str, chat: str, command: str = "") -> MessageRequest:
    place = Place(chat=ChatAddress("telegram", chat), kind=ChatKind.PRIVATE)
    return MessageRequest(place=place, update_id="1", command=command, text=text, is_addressed=True, written_at=NOON)


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    """Otherwise the garbage collector could start at any time, and the larger text would pay for it."""
    gc.disable()
    yield
    gc.enable()


def seconds(read: Callable[[str], object], text: str) -> float:
    """Returns the shortest of three measurements, because other programs only make them longer."""
    return min(_once(read, text) for _ in range(3))


def _once(read: Callable[[str], object], text: str) -> float:
    began = process_time()
    with suppress(PaperwireError, times.NoSuchTime, ValueError):
        read(text)
    return process_time() - began


def grown(read: Callable[[str], object], small: str, large: str) -> str:
    """Returns a text with both times if the time grew too much; otherwise ""."""
    allowed = TIMES_AS_LONG * GROWTH
    if (first := _once(read, large)) < SOON or first < allowed * _once(read, small):
        return ""
    before, after = seconds(read, small), seconds(read, large)
    return f"{before:.4f} s, then {after:.4f} s" if after > allowed * before + SOON else ""


def worst_of(read: Callable[[str], object], size: int) -> dict[str, str]:
    found = {}
    for piece in REPEATED:
        shapes = (("", "{}", size), ("within ", "a{}b", size // 3), ("in a command ", "/sub a{}b", size // 3))
        for name, around, characters in shapes:
            small, large = (
                around.format(piece * max(1, amount // len(piece)))
                for amount in (characters, TIMES_AS_LONG * characters)
            )
            if why := grown(read, small, large):
                found[f"{name}{piece!r}"] = why
    return found


@pytest.mark.parametrize("name", READERS)
def test_what_people_write_is_read_in_time_that_grows_with_it(name: str) -> None:
    assert worst_of(READERS[name], 500) == {}


@pytest.mark.parametrize("name", QUERIES)
def test_queries_are_read_in_time_that_grows_with_them(name: str) -> None:
    assert worst_of(QUERIES[name], MAX_QUERY_LENGTH // TIMES_AS_LONG) == {}


@pytest.mark.parametrize("kind", sorted({name.partition(":")[0] for name in WORST}))
def test_digests_are_read_in_time_that_grows_with_them(kind: str) -> None:
    made = {name: make for name, make in WORST.items() if name.partition(":")[0] == kind}
    found = {name: grown(_read, make(1 << 12), make(TIMES_AS_LONG << 12)) for name, make in made.items()}
    assert {name: why for name, why in found.items() if why} == {}


def _read(text: str) -> object:
    return read_digest(text.encode("utf-8", "surrogatepass"), "inbox/page.txt")
