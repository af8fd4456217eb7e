"""Telegram's own parser accepts our HTML, which stays within all of Telegram's limits."""

import json
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
import tdjson
from hypothesis import example, given
from hypothesis import strategies as st

from bot.platforms.telegram import markup
from bot.ports.channel import Button, Reply
from bot.rendering.cleaning import clean
from subscriptions.model import Chat, ChatKind, DeliveryKind, Item, Message, MissingHow, MissingSources
from tests.fakes.markup import ENTITY_BYTES, KEPT_ENTITIES, RAW_LIMIT, TEXT_LIMIT, Text, parse_html
from tests.rendered import render_delivery, render_reply
from tests.unit import deliveries


def execute(request: dict[str, object]) -> dict[str, Any]:
    """Calls Telegram's library offline."""
    answer: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    return answer


def found_by_server(text: str) -> list[tuple[str, str]]:
    """Returns (kind, text) of everything that Telegram links without markup."""
    answer = execute({"@type": "getTextEntities", "text": text})
    raw = text.encode("utf-16-le")
    return [
        (
            entity["type"]["@type"],
            raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le"),
        )
        for entity in answer["entities"]
    ]


def untrimmed(html: str) -> Text:
    """Returns the text with all its entities, even those that the server drops because there are too many."""
    parse_html(html)
    request: dict[str, object] = {
        "@type": "parseTextEntities",
        "text": html,
        "parse_mode": {"@type": "textParseModeHTML"},
    }
    read = execute(request)
    return Text(text=read["text"], entities=tuple(read["entities"]))


def judged(message: Message) -> Text:
    """Returns the message as Telegram interprets it. Fails if Telegram would refuse, cut or drop anything."""
    html = str(deliveries.payload(message)["text"])
    assert len(html.encode()) <= RAW_LIMIT
    read = untrimmed(html)
    assert read.text.strip()
    assert read.units <= TEXT_LIMIT
    # The server adds its own links to text without links. These count too.
    found = found_by_server(blanked(read))
    assert len(read.entities) + len(found) <= KEPT_ENTITIES
    assert read.entity_bytes + 12 * len(found) <= ENTITY_BYTES
    assert not any(ord(char) < 32 and char != "\n" for char in read.text)
    plain = json.loads(message.plain)["text"]
    assert plain.strip()
    assert len(plain.encode("utf-16-le")) // 2 <= TEXT_LIMIT
    return read


def blanked(read: Text) -> str:
    """Returns the text without the parts that are links or code already."""
    raw = bytearray(read.text.encode("utf-16-le"))
    for entity in read.entities:
        if entity["type"]["@type"] in {"textEntityTypeTextUrl", "textEntityTypeCode", "textEntityTypePre"}:
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            raw[start:end] = " ".encode("utf-16-le") * ((end - start) // 2)
    return raw.decode("utf-16-le")


def links(read: Text) -> list[tuple[str, str]]:
    """Returns the links of a message: (address, label)."""
    raw = read.text.encode("utf-16-le")
    return [
        (
            entity["type"]["url"],
            raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le"),
        )
        for entity in read.entities
        if entity["type"]["@type"] == "textEntityTypeTextUrl"
    ]


CHATS = [
    deliveries.chat(),
    deliveries.chat(lang="zh", timezone="+08:00"),
    deliveries.chat(kind=ChatKind.GROUP, text="abstract"),
    deliveries.chat(kind=ChatKind.BROADCAST, shape="each"),
    deliveries.chat(kind=ChatKind.BROADCAST),
]


@given(
    st.sampled_from(CHATS),
    st.lists(deliveries.papers(), max_size=7),
    st.sampled_from([DeliveryKind.ALERT, DeliveryKind.BULLETIN]),
    deliveries.hostile,
)
def test_whatever_a_paper_holds_telegram_takes_it_as_it_is(
    to: Chat, shown: list[Item], kind: DeliveryKind, title: str
) -> None:
    titles = ((title, "https://example.org/"), (title, title))
    missing = MissingSources(title, 1, MissingHow.LATE)
    sent = deliveries.delivery(to, shown, kind=kind, titles=titles, late_reason=title, missing=missing)
    messages = render_delivery(sent)
    read = [judged(message) for message in messages]
    assert sorted(paper for message in messages for paper in message.papers) == sorted(one.paper.id for one in shown)
    for number, message in enumerate(messages):
        arxiv = [url for url, _ in links(read[number]) if url.startswith("https://arxiv.org/abs/")]
        expected = [one for one in shown if one.paper.id in message.papers and one.paper.paper.arxiv_id]
        assert len(arxiv) == len(expected)


@given(deliveries.hostile, deliveries.hostile)
def test_whatever_a_person_types_telegram_takes_the_answer(line: str, code: str) -> None:
    for message in render_reply(Reply(lines=(line or "x", line), code=(code, "^"), ok=False), deliveries.chat()):
        judged(message)


@given(
    st.sampled_from(CHATS),
    st.lists(deliveries.papers(), min_size=1, max_size=3),
    st.sampled_from(["row", "card", "whole", "why"]),
    deliveries.hostile,
)
def test_papers_in_an_answer_are_taken_as_they_are(to: Chat, found: list[Item], form: Any, line: str) -> None:
    numbers = tuple(Button(label=str(number), data=f"x{number}") for number in range(len(found)))
    messages = render_reply(Reply(lines=(line,), items=tuple(found), item_layout=form, numbers=numbers), to)
    read = [judged(message) for message in messages]
    arxiv = [url for one in read for url, _ in links(one) if url.startswith("https://arxiv.org/abs/")]
    assert len(arxiv) == sum(bool(one.paper.paper.arxiv_id) for one in found)
    keys = [key for message in messages for row in json.loads(message.payload).get("buttons", []) for key in row]
    cards = [key["data"].partition(".")[0] for key in keys if "data" in key]
    assert list(dict.fromkeys(cards)) == [button.data for button in numbers]
    leading = [key["url"] for key in keys if "url" in key]  # a card has links
    assert all(url.startswith(("https://", "http://")) and len(url) <= 2048 for url in leading)


@given(deliveries.papers(), st.integers(0, 30_000), st.sampled_from(["whole", "why"]))
def test_however_long_a_paper_is_telegram_takes_it_in_several_messages(entry: Item, length: int, form: Any) -> None:
    abstract = "A sentence & <so> on, word by word. " * (length // 36)
    long = entry._replace(paper=replace(entry.paper, paper=replace(entry.paper.paper, abstract=abstract)))
    for message in render_reply(Reply(items=(long,), item_layout=form), deliveries.chat()):
        judged(message)


@pytest.mark.parametrize("title", deliveries.HOSTILE)
def test_a_title_is_read_back_as_it_was_written(title: str) -> None:
    (message,) = render_delivery(deliveries.alert(deliveries.chat(), deliveries.item(title, arxiv_id="2601.00001")))
    (link,) = links(judged(message))
    visible = "".join(char for char in link[1] if char not in "\u2068\u2069")
    kept = [
        word for word in title.split() if word.isascii() and word.isprintable() and "$" not in word and "\\" not in word
    ]
    assert link[0] == "https://arxiv.org/abs/2601.00001"
    assert all(word in visible for word in kept)


CALLS = {
    "textEntityTypeMention",
    "textEntityTypeHashtag",
    "textEntityTypeCashtag",
    "textEntityTypeBotCommand",
}
CALLING = ("@name", "/start", "/start@a_bot", "#tag", "$ABC")
BESIDE = (
    *(
        "x://",
        "http://",
        "https://h.org/",
        "http://h.org:80/a@b",
        "tg://user?id=1",
        "www.h.org",
        "t.me/name",
        "a@b.org",
    ),
    *"<>/,.-_ ()[]é中1?&='\"|:;!~*`@#$\u2060\u200b",
)


@given(deliveries.hostile | st.lists(st.sampled_from((*CALLING, *BESIDE)), max_size=8).map("".join))
@example("<@name>")
@example(">@name")
@example("/@name")
@example("a.b,@name")
@example("x://,/start")
@example("https://h.org/,@name")
@example("@namehttp://h.org/")
def test_foreign_text_calls_nobody_and_starts_nothing(text: str) -> None:
    kinds = {kind for kind, _ in found_by_server(markup.without_mentions(clean(text)))}
    assert not kinds & CALLS


VICTIMS = (
    "@victim",
    "/victim",
    "/victim@a_bot",
    "#victim",
    "$VICTIM",
    "<@victim>",
    ">@victim",
    "/@victim",
    "a.b,@victim",
)
AROUND = (
    "{}",
    "by {} and",
    "({})",
    "x://,{}",
    "https://h.org/,{}",
    "https://h.org/ {} https://h.org/",
    "{}https://h.org/",
    "x.{}",
    "-{}",
    "中{}",
    "\u200b{}",
    "`{}`",
    "“{}”",
)


def called(message: Message, own: str = "") -> list[str]:
    """Returns the parts of a message that mention a person or start a command, in both forms. Words in `own` are left out."""
    forms = (blanked(judged(message)), json.loads(message.plain)["text"])
    found = [hit for form in forms for hit in found_by_server(form)]
    return [text for kind, text in found if kind in CALLS and text not in own.split()]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("victim", VICTIMS)
def test_no_paper_calls_anybody_in_either_form_of_its_message(victim: str, around: str) -> None:
    text, chats = (
        around.format(victim),
        cycle(CHATS),
    )  # each form is tried in one chat, because all forms in all chats would take half a minute
    for word in ("", "victim", "VICTIM", text):  # a word that was found is in bold and splits the text
        reason = deliveries.because(word or text, word or text, name=text)
        entry = deliveries.item(
            text, reason, abstract=f"We thank {text}. It works.", authors=(text,), url=None, arxiv_id=None
        )
        for to in CHATS:
            for message in render_delivery(deliveries.alert(to, entry, entry)):
                assert not called(message)
        for form in ("row", "card", "whole", "why"):
            for message in render_reply(Reply(items=(entry,), item_layout=form), next(chats)):
                assert not called(message)


@pytest.mark.parametrize("victim", ["@victim", "#victim", "$VICTIM", "<@victim>", "/@victim"])
def test_a_line_that_quotes_a_name_calls_nobody_and_keeps_its_commands(victim: str) -> None:
    (message,) = render_reply(Reply(lines=(f"✓ 1  {victim} · now", "Undo: /undo or /sub@a_bot x")), deliveries.chat())
    assert called(message) == ["/undo", "/sub@a_bot"] * 2


@given(st.sampled_from(CHATS), deliveries.papers(), deliveries.hostile | st.sampled_from(VICTIMS))
def test_whatever_a_paper_holds_its_message_calls_nobody(to: Chat, entry: Item, name: str) -> None:
    for message in render_delivery(deliveries.alert(to, entry, titles=((name, "https://example.org/"), (name, name)))):
        assert not called(message)


@pytest.mark.parametrize(
    "category", ["cs.CL", "cs.AI", "stat.ML", "math.CO", "q-bio.NC", "astro-ph.GA", "cs.cl", "eess.AS"]
)
@pytest.mark.parametrize("context", ["{}", "cat:{}", "-{} or", "({}, x)", "{}: x", "in {}."])
def test_a_category_is_no_host(category: str, context: str) -> None:
    text = context.format(category)
    assert found_by_server(text)
    assert not found_by_server(markup.without_hosts(text))
    (message,) = render_delivery(
        deliveries.alert(
            deliveries.chat(), deliveries.item("T", deliveries.because(text), categories=(category,), abstract=text)
        )
    )
    assert not found_by_server(blanked(judged(message)))


def test_addresses_in_an_abstract_stay_links() -> None:
    (message,) = render_delivery(
        deliveries.alert(
            deliveries.chat(), deliveries.item(abstract="Code: https://github.com/x/y#z and www.example.org")
        )
    )
    assert [text for _, text in found_by_server(blanked(judged(message)))] == [
        "https://github.com/x/y#z",
        "www.example.org",
    ]


@given(deliveries.papers(), st.sampled_from(CHATS))
def test_our_measure_is_never_below_telegrams(entry: Item, to: Chat) -> None:
    (message, *_) = render_delivery(deliveries.alert(to, entry))
    html = str(deliveries.payload(message)["text"])
    units, raw, entities, entity_bytes, _plain = markup.markup_size(html, "").amounts
    read = untrimmed(html)
    found = found_by_server(blanked(read))
    assert units >= read.units
    assert raw >= len(html.encode())
    assert entities >= len(read.entities) + len(found)
    assert entity_bytes >= read.entity_bytes + 12 * len(found)


@pytest.mark.parametrize("amount", [12, 45, 300])
@pytest.mark.parametrize("title", ["Noise " * 12, "x", "&" * 200, "ﷺ" * 200, "🎓" * 100])
def test_many_papers_are_few_full_messages(amount: int, title: str) -> None:
    planned = deliveries.delivery(
        deliveries.chat(), deliveries.items(amount, title=title, url="https://example.org/" + "p" * 150, arxiv_id=None)
    )
    messages = render_delivery(planned)
    read = [judged(message) for message in messages]
    assert sum(len(links(one)) for one in read) == amount
    assert all(len(message.papers) >= 7 for message in messages[:-1])


def test_the_longest_papers_of_the_real_digests_fit() -> None:
    title = "A" + " very long title indeed" * 10
    abstract = "This is a sentence of the abstract. " * 55
    shown = [
        deliveries.item(title, abstract=abstract, authors=tuple(f"Author Number{n}" for n in range(63)))
        for _ in range(5)
    ]
    for to in CHATS:
        for message in render_delivery(deliveries.alert(to, *shown)):
            judged(message)


def test_a_notice_is_markup_that_telegram_reads() -> None:
    facts: dict[str, Any] = {
        "notice": "dead",
        "detail": {"count": "3", "reason": "<b> & </i>", "chat": "telegram:@x", "ids": "a b"},
    }
    (message,) = render_delivery(deliveries.delivery(deliveries.chat(), kind=DeliveryKind.NOTICE, **facts))
    assert "<b> & </i>" in judged(message).text
