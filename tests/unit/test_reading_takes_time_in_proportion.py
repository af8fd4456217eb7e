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

from bot.commands import registry as intent
from bot.commands import settings
from bot.digests import read_digest
from bot.free_text import bare_commands
from bot.free_text import wishes as everyday
from bot.free_text.bare_commands import NUMBERS
from bot.free_text.kinds import asks_nothing
from bot.messages import MessageRequest, Place
from bot.platforms.slack.texts import unescape
from bot.platforms.telegram.incoming import read_update
from bot.settings.values import is_cron
from subscriptions.chats.settings import check_value
from subscriptions.errors import PaperwireError
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.query import links
from subscriptions.schedule import times
from subscriptions.schedule.pauses import parse_pause
from subscriptions.schedule.zones import zone_of_place
from subscriptions.subscribing import export_format as portable
from subscriptions.text.acronyms import definition_in
from subscriptions.text.lines import lines_of
from subscriptions.text.words import words_of
from tests.clock import NOON

TIMES_AS_LONG = 8
GROWTH = 3.0  # how much the time per character may grow; caches cause some of it
SOON = 0.005  # seconds; shorter times cannot be measured

_PAGE = "<div id=toc></div>\n\n# Table of Contents\n\n"
_STANDARD = _PAGE + "- [cs.LG](#cs.LG) [Total: 1]\n\n"
_HEAD = "### [1] [Kite](https://arxiv.org/abs/2601.00001)\n"
_RSS = "<rss version='2.0'><channel><title>cs.KT updates on arXiv.org</title>"
_ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><id>http://rss.arxiv.org/atom/cs.KT</id>"
_TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n"
_NOTE = "[^1]: a\n\n    b\n\n    [x](https://arxiv.org/abs/2601.00001)\n\n"
_CHAT = "<rss version='2.0'><channel><title>Chat Arxiv cs.KT</title><item><link>https://arxiv.org/abs/2601.00001</link>"
_LISTING = "<!DOCTYPE html><html><body><div id='dlpage'><h3>New submissions</h3>"
_LINE = '{"id":"2601.00001","title":"a","summary":"bcd"}'
_ANSWER = "<feed xmlns='http://www.w3.org/2005/Atom'><id>https://arxiv.org/api/a</id>"
_LISTED = "<dt><a href='/abs/2601.00001'>x</a></dt><dd><div class='list-title'>"
_ENTRY_OF_FEED = '<rss version="2.0"><channel><title>a</title><item><title>'

# the worst texts that we know for each format, of any length
WORST: dict[str, Callable[[int], str]] = {
    "daily: heads without an address": lambda n: _HEAD + "### [\n" * (n // 6),
    "daily: labels in every line": lambda n: _HEAD + "\nMethod: a\nMotivation: b" * (n // 24),
    "daily: heads without links": lambda n: (
        "# ArXiv Daily Papers - 2026-01-22\n" + "[1] a\nAuthors: b | c\n" * (n // 23)
    ),
    "daily: a line of links in open brackets": lambda n: _HEAD + "\n" + "![](a)[((" * (n // 9) + "\n",
    "daily: blanks behind an address": lambda n: _HEAD[:-1] + " " * n + "x\n",
    "daily: signs in a heading": lambda n: _HEAD + "\n## <a " + "<" * n + "id=x></a>\n",
    "daily: anchors before an address without an end": lambda n: (
        _HEAD + "### " + "<a id=x></a>" * (n // 12) + _HEAD[8:-2]
    ),
    "daily: blanks behind a bar": lambda n: _HEAD + "| **" + " " * n + "a\n",
    "standard: brackets": lambda n: _STANDARD + ("### [1] [" + "](https://arxiv.org/abs/" * 40 + "\n") * (n // 1000),
    "bilingual3: blank lines": lambda n: "a\nb\n" + " \n" * (n // 2) + "https://arxiv.org/abs/2601.00001",
    "hf_text: pairs of letters": lambda n: "Get trending papers in your email inbox!\n" + "a\nb\n" * (n // 4),
    "rss: one name of parentheses": lambda n: (
        _RSS
        + "<item><creator xmlns='http://purl.org/dc/elements/1.1/'>"
        + "(" * n
        + "</creator></item></channel></rss>"
    ),
    "atom: deep": lambda n: _ATOM + "<a>" * (n // 3),
    "bilingual_md: glued tables": lambda n: _TABLE + "a# 摘要\n| Ref | Title | Summary |\n" * (n // 33),
    "bilingual_md: a title of announcements": lambda n: _TABLE + "[^1]: a\n\n    " + "(arXiv:" * (n // 7) + _NOTE[11:],
    "bilingual_rss: paragraphs": lambda n: (
        _CHAT + "<description>" + "&lt;p&gt;\n" * (n // 10) + "</description></item>"
    ),
    "bilingual_json: braces and blanks": lambda n: (
        '{"title":"a","abstract":"b","link":"","tldr":""}' + ("}{" + " " * 500) * (n // 502)
    ),
    "arxiv_listing_html: deep entries": lambda n: _LISTING + (_LISTED + "<b>" * 1000) * (n // 3060),
    "daily_arxiv_jsonl: objects in one line": lambda n: _LINE * (n // 48),
    "daily_arxiv_jsonl: deep lines": lambda n: _LINE + "\n" + ('{"id":' * 900 + "\n") * max(1, n // 5401),
    "hf_json: arrays": lambda n: '[{"paper":{"id":"2601.00001"}}]' * (n // 31),
    "biorxiv_json: one preprint": lambda n: (
        '{"messages":[],"collection":[' + ",".join(['{"doi":"10.1101/1"}'] * (n // 20)) + "]}"
    ),
    "arxiv_api_atom: open elements": lambda n: _ANSWER + "<entry>" * (n // 7),
    "feed_rss: names without end": lambda n: (
        _ENTRY_OF_FEED + "a</title><author>" + "10.1234/" * (n // 8) + "</author></item>"
    ),
    "feed_rss: an address of endings": lambda n: (
        _ENTRY_OF_FEED
        + "a</title><link>https://a.org/10.1234/b"
        + ".pdf" * (n // 4)
        + "~</link></item></channel></rss>"
    ),
    "feed_rss: a journal of commas": lambda n: (
        "<rss version='2.0'><channel><title>" + ", " * (n // 2) + "a</title><item><title>b</title></item>"
    ),
    "feed_rss: a long head and many entries": lambda n: (
        f"<rss version='2.0'><channel><title>{'a ' * (n // 4)}</title>"
        + "<generator>a</generator>" * (n // 200)
        + "<item><title>b</title></item>" * (n // 60)
        + "</channel></rss>"
    ),
    "feed_rss: entries in entries": lambda n: (
        _ENTRY_OF_FEED[:-13] + ("<item>" * 100 + "a" * 500 + "</item>" * 100) * (n // 1800) + "</channel></rss>"
    ),
    "feed_rss: names in names": lambda n: (
        _ENTRY_OF_FEED
        + "a</title><author>"
        + ("<name>" * 100 + "a" * 500 + "</name>" * 100) * (n // 1800)
        + "</author></item></channel></rss>"
    ),
    "arxiv_listing_html: heads without a link": lambda n: _LISTING + "<dt>" * (n // 4),
    "arxiv_listing_html: lines in a title": lambda n: _LISTING + _LISTED + "<br>a" * (n // 5),
    "arxiv_listing_html: links in links": lambda n: (
        _LISTING + _LISTED + "a</div><div class='list-authors'>" + "<a><b>c" * (n // 7)
    ),
    "pubmed_xml: deep titles": lambda n: "<PubmedArticleSet><PubmedArticle><MedlineCitation>" + "<i>a" * (n // 4),
    "nothing: headings": lambda n: "# a\n" * (n // 4),
}

# Characters and words of all grammars, repeated; and texts that are deeply nested or long.
REPEATED = (
    "(", ")", "(a ", "((a) ", '"', '"a ', '"a" ', "“a ", "'a ", "<", "<@U1> ", "&amp;", "[a](", "*", "-", "- ", "-a ", "|", "a|", "=a ", ":", "12:", ".", "a.", "#",
    "a OR ", "a AND ", "NOT ", "a, ", "扩散、", "扩散 且 ", "不含 ", "ti:", "cat:machine learning ", "author:Yann LeCun ", "2601.15529 ", "cs.LG ", "http://",
    "https://arxiv.org/abs/2601.15529 ", "10.1101/", "\\emph{", "\\'{e", "$a$ ", " ", "\t", "\n", " \n", "\u3000",
    "a ", "a-", "1 ", "1,2,", "1-", "at ", "no ", "every ", "every 3 ", "daily, no x ", "1:00 ", "monday ", "mon,", "daily 9 ", "Berlin ", "Europe/", "每天", "早上8点", "周一", "until ", "for 2 weeks ", "*/5 * * * * ",
    "please send papers on ", "/sub ", "@paperwire ", "telegram:1 | daily 9 | x | graphs\n", "\u0301\u0327", "\u200b", "👩\u200d", "a; ", "2024 ",
)  # fmt: skip


def telegram_message(text: str) -> object:
    chat = {"id": 42, "type": "private"}
    message = {"message_id": 1, "date": 0, "chat": chat, "from": {"id": 42, "first_name": "Ada"}, "text": text}
    return read_update({"update_id": 1, "message": message}, bot_id="7", bot_name="paperwire_bot")


READERS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: intent.understand(_message(text, "42"), None, intent.REGISTRY),
    "commands": lambda text: intent.understand(_message(text, "42", "sub"), None, intent.REGISTRY),
    "cities": settings.place_in,
    "everyday wishes": lambda text: everyday.wish(said(text)),
    "commands without a slash": bare_commands.bare_command,
    "mentions of papers": links.mentioned,
    "links": links.links_to_no_paper,
    "times": times.read_when,
    "times behind a query": times.split_when,
    "words that may be times": times.as_words,
    "what is a time": times.is_time,
    "ranges of hours": times.hours_of,
    "pauses": lambda text: parse_pause(text, NOON.tzinfo, NOON),  # type: ignore[arg-type]
    "places": zone_of_place,
    "schedules": is_cron,
    "numbers": lambda text: re.fullmatch(NUMBERS, text),
    "settings": lambda text: check_value("limit", text, kind=ChatKind.PRIVATE),
    "exports": lambda text: list(portable.read_lines(text)),
    "text of Slack": unescape,
    "words of a paper": lambda text: [*lines_of(words_of(text))],
    "definitions of an acronym": lambda text: definition_in(f"{text} (ABCABCAB)", "ABCABCAB"),
    "mentions on Telegram": telegram_message,
}


def said(text: str) -> str:
    """Returns the text that is read as a wish when somebody sends this one."""
    found = intent.understand(_message(text, "42"), None, intent.REGISTRY)
    return found.args if found else ""


def _message(text: str, chat: str, command: str = "") -> MessageRequest:
    place = Place(chat=ChatAddress("telegram", chat), kind=ChatKind.PRIVATE)
    return MessageRequest(place=place, update_id="1", command=command, text=text, is_addressed=True, written_at=NOON)


@pytest.fixture(autouse=True)
def _measurable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reads in this process, whose time is measured.

    The garbage collector could start at any time, and the larger text would pay for it.
    """
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
        for name, around, characters in (("", "{}", size), ("within ", "a{}b", size // 3)):
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


@pytest.mark.parametrize("blank", ["\t", " ", "\n", "\u3000", "\r", " \n"])
def test_message_of_blanks_is_read_in_time_that_grows_with_it(blank: str) -> None:
    small, large = (f"papers on{blank * amount}x" for amount in (2_000, 2_000 * TIMES_AS_LONG))
    assert grown(lambda text: asks_nothing(said(text)), small, large) == ""


@pytest.mark.parametrize("kind", sorted({name.partition(":")[0] for name in WORST}))
def test_digests_are_read_in_time_that_grows_with_them(kind: str) -> None:
    made = {name: make for name, make in WORST.items() if name.partition(":")[0] == kind}
    found = {name: grown(_read, make(1 << 12), make(TIMES_AS_LONG << 12)) for name, make in made.items()}
    assert {name: why for name, why in found.items() if why} == {}


def _read(text: str) -> object:
    return read_digest(text.encode("utf-8", "surrogatepass"), "inbox/page.txt")


def test_what_came_before_a_tear_is_not_counted_again_for_the_next() -> None:
    torn = '{"id" x\n' * 5_000
    long = _LINE.replace("bcd", "b" * 3_000_000) + "\n"
    alone, after = seconds(_read, _LINE + "\n" + torn), seconds(_read, long + torn)
    assert after < 3 * alone + SOON + seconds(_read, long)


def test_definition_of_an_acronym_is_found_in_time_whatever_stands_before_it() -> None:
    assert _once(lambda text: definition_in(text, "AAAAAAAC"), f"{'ab-' * 39}ab (AAAAAAAC)") < 1.0
