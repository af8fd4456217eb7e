"""Notices and findings as their readers get them: each in both languages, stored in that of the chat."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from subscriptions.chats.known import store_chat
from subscriptions.database.store import Store
from subscriptions.language import Language
from subscriptions.model import Cadence, CallbackToken, ChatKind, MissingHow, MissingSources, Subscription
from subscriptions.outbox import notices
from subscriptions.outbox.notices import Notice
from subscriptions.outbox.notify import notify
from tests import make, stored
from tests.clock import NOON
from tests.unit import deliveries

CHAT = deliveries.chat()._replace(title="Reading group")
TOPIC = make.address("telegram:-1/7")
DAYS = ((date(2026, 1, 19), date(2026, 1, 21)), (date(2026, 1, 23), date(2026, 1, 23)))


def missing(count: int, how: MissingHow) -> Notice:
    return notices.papers_missing(CHAT, MissingSources("arXiv", count, how))


def found_more(number: int, papers: int, word: str = "") -> notices.FoundMore:
    text = f"multimodal {number}"
    found = Subscription(number, 1, number, text, text, Cadence(), None, NOON, 0, None)
    return notices.FoundMore(found, word, papers, 5)


# what is told → what its reader must find in it
TOLD: Mapping[str, tuple[Notice, Sequence[str]]] = {
    "topic gone": (notices.topic_stopped(TOPIC, [str(n) for n in range(12)], is_gone=True), ["8 · 9 …", "/sub"]),
    "topic ended": (notices.topic_ended(TOPIC, ["diffusion"]), ["diffusion"]),
    "asked": (
        notices.asked(CHAT, "Ada", "diffusion -survey"),
        ["Ada", "Reading group (telegram:42)", "diffusion -survey", "/allow telegram:42", "/deny telegram:42"],
    ),
    "admitted": (notices.admitted(3, "1"), ["3"]),
    "confirm": (notices.confirm_address(CallbackToken(verb="confirm"), "1", None), []),
    "nothing matched": (
        notices.nothing_matched(2061, 5, "1", edit=CallbackToken(verb="edit-ask")), ["2,061", "5", "/today 7d", "/edit"]
    ),
    "late papers": (missing(1, MissingHow.LATE), ["Reading group", "arXiv"]),
    "days given up": (notices.days_missed("daily", DAYS, given_up=True), ["daily", "paperwire ingest FILE --date DAY"]),
    "days missed": (notices.days_missed("daily", DAYS * 4, given_up=False), ["daily"]),
    "words changed": (
        notices.words_changed(
            CHAT, 2, more=[found_more(1, 15, "Multi-Modal"), *(found_more(number, 2) for number in range(2, 13))],
            joined={1: [14, 13]}, left_out=7, leave_out=["kelp -multimodal"],
        ),
        ["1  “multimodal 1”", "Multi-Modal", " 3 ", " 2 ", "“kelp -multimodal”", " 7 ", "1, 13"],
    ),
    "words of a channel changed": (
        notices.words_changed(CHAT._replace(public=True), 2, more=[found_more(1, 15)], joined={}),
        ["Reading group", "“multimodal 1”"],
    ),
    "papers filed": (notices.papers_filed("daily", DAYS, 41), ["daily", "41", "paperwire sources poll NAME --announce"]),
}  # fmt: skip


@pytest.mark.parametrize("news", TOLD)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_notice_says_what_it_is_about_in_both_languages(news: str, lang: str) -> None:
    notice, details = TOLD[news]
    lines = [line for line in notice.lines(Language(lang, "Europe/London")) if line]
    text = "\n".join(lines)
    assert [detail for detail in details if detail not in text] == []
    ours = [line for line in lines if line not in ("404 Not Found.", "The token is unknown.")]
    assert all(bool(re.search("[。：？]", line)) == (lang == "zh") for line in ours)
    assert "{" not in text
    labels = [Language(lang, "UTC").say(label) for label, _ in notice.buttons]
    assert all(label.isascii() == (lang == "en") for label in labels)


def lines(store: Store) -> list[list[str]]:
    return [json.loads(facts)["lines"] for (facts,) in stored.rows(store, "SELECT facts FROM delivery ORDER BY seq")]


def test_a_notice_is_stored_in_the_language_of_its_chat_with_commands_as_typed_there(store: Store) -> None:
    store.write_now(store_chat, make.address("telegram:42"), ChatKind.PRIVATE, now=NOON, lang="zh")
    store.write_now(store_chat, make.address("slack:C1"), ChatKind.GROUP, now=NOON)
    for place in ("telegram:42", "slack:C1"):
        assert store.write_now(notify, make.address(place), notices.nothing_matched(7, 5, "1", edit=None), now=NOON)
    chinese, slack = lines(store)
    assert chinese[0] == "7 篇论文中 0 篇符合。"
    assert "/paperwire today 7d shows what would" in slack[-1]
