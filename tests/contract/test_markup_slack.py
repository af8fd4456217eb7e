"""Our Slack blocks pass the checks of Slack's SDK and the limits that the SDK does not check."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.platforms.slack import markup
from bot.ports.channel import Button, Reply
from subscriptions.model import Chat, ChatKind, DeliveryKind, Item, Message, MissingHow, MissingSources
from tests.fakes.blocks import check_blocks
from tests.rendered import render_delivery, render_reply
from tests.unit import deliveries

CHATS = [
    deliveries.team(),
    deliveries.team(shape="digest", lang="zh", timezone="+08:00"),
    deliveries.team(shape="each", text="abstract"),
    deliveries.chat("slack"),
    deliveries.chat("slack", ChatKind.TEAM, topic="17.5", shape="thread"),
]
# What Slack interprets in mrkdwn: text in <…>, and the three entities.
IN_BRACKETS = re.compile(r"<([^>]*)>")
LINK = re.compile(r"https?://[^|\s]+(\|[^|]*)?")


def texts(value: object) -> Iterator[dict[str, Any]]:
    """Returns all text objects of blocks."""
    if isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value
        for one in value.values():
            yield from texts(one)


def judged(message: Message) -> list[dict[str, Any]]:
    """Returns the blocks of a message. Fails if Slack would refuse them, or would interpret text of a paper as markup."""
    read = json.loads(message.payload)
    blocks: list[dict[str, Any]] = read["blocks"]
    check_blocks(blocks)
    assert 1 <= len(blocks) <= markup.BLOCKS
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= markup.BUDGET
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    for text in texts(blocks):
        assert text["text"].strip()
        assert len(text["text"]) <= (markup.HEADER if text["type"] == "plain_text" else markup.SECTION)
        assert not any(ord(char) < 32 and char != "\n" for char in text["text"])
        if text["type"] == "plain_text":
            assert text.get("emoji") is False or ":" not in text["text"]
        else:
            plain = IN_BRACKETS.sub("", text["text"])
            assert "<" not in plain
            assert ">" not in plain
            assert all(LINK.fullmatch(inside) for inside in IN_BRACKETS.findall(text["text"]))
            assert not re.search(r"&(?!amp;|lt;|gt;)", text["text"])
    for fallback in (read["text"], json.loads(message.plain)["text"]):
        assert fallback.strip()
        assert len(fallback) <= 40_000
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", fallback)
    json.dumps(read).encode()
    message.payload.encode()
    return blocks


def links(blocks: list[dict[str, Any]]) -> list[str]:
    return [
        inside.split("|")[0] for text in texts(blocks) for inside in IN_BRACKETS.findall(text["text"]) if "|" in inside
    ]


@given(
    st.sampled_from(CHATS),
    st.lists(deliveries.papers(), max_size=7),
    st.sampled_from([DeliveryKind.ALERT, DeliveryKind.BULLETIN]),
    deliveries.hostile,
)
def test_whatever_a_paper_holds_slack_takes_it_as_it_is(
    to: Chat, shown: list[Item], kind: DeliveryKind, title: str
) -> None:
    titles = ((title, "https://example.org/"), (title, title))
    missing = MissingSources(title, 1, MissingHow.LATE)
    sent = deliveries.delivery(to, shown, kind=kind, titles=titles, late_reason=title, missing=missing)
    messages = render_delivery(sent)
    read = [judged(message) for message in messages]
    assert sorted(paper for message in messages for paper in message.papers) == sorted(one.paper.id for one in shown)
    for number, message in enumerate(messages):
        arxiv = [url for url in links(read[number]) if url.startswith("https://arxiv.org/abs/")]
        assert len(arxiv) == sum(one.paper.id in message.papers and bool(one.paper.paper.arxiv_id) for one in shown)


@given(deliveries.hostile, deliveries.hostile)
def test_whatever_a_person_types_slack_takes_the_answer(line: str, code: str) -> None:
    row = tuple(Button(label=line or "x", data=str(number)) for number in range(3))
    for message in render_reply(
        Reply(lines=(line, line), code=(code, "^"), ok=False, buttons=(row,)), deliveries.team()
    ):
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
    arxiv = [url for one in read for url in links(one) if url.startswith("https://arxiv.org/abs/")]
    assert len(arxiv) == sum(bool(one.paper.paper.arxiv_id) for one in found)


@pytest.mark.parametrize("title", deliveries.HOSTILE)
def test_a_title_is_the_label_of_its_link(title: str) -> None:
    (message,) = render_delivery(deliveries.alert(deliveries.team(), deliveries.item(title, arxiv_id="2601.00001")))
    label = IN_BRACKETS.findall(judged(message)[0]["text"]["text"])[0].split("|")[1]
    plain = label.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip("\u2068\u2069")
    kept = [word for word in title.split() if word.isascii() and word.isprintable() and not set(word) & set("|$\\`")]
    assert all(word in plain for word in kept)


def test_an_address_with_a_bar_is_encoded_in_the_link() -> None:
    (message,) = render_delivery(
        deliveries.alert(deliveries.team(), deliveries.item(arxiv_id=None, url="https://a.org/x|y>z w?q=<1>&b=2"))
    )
    assert links(judged(message)) == ["https://a.org/x%7Cy%3Ez%20w?q=%3C1%3E&amp;b=2"]


@pytest.mark.parametrize("amount", [12, 45, 300])
@pytest.mark.parametrize("title", ["Noise " * 12, "x", "&" * 900, "🎓" * 100])
def test_many_papers_are_few_full_messages(amount: int, title: str) -> None:
    messages = render_delivery(deliveries.delivery(deliveries.team(), deliveries.items(amount, title=title)))
    read = [judged(message) for message in messages]
    assert sum(len(links(one)) for one in read) == amount
    assert all(len(message.papers) >= 7 for message in messages[1:-1])


def test_a_header_holds_the_longest_names() -> None:
    long = deliveries.because("w" * 100, name="𝔸" * 100, by="𝔹" * 100)
    (message, *_) = render_delivery(deliveries.delivery(deliveries.team(shape="digest"), deliveries.items(6, long)))
    assert judged(message)[0]["type"] == "header"


def test_a_notice_is_mrkdwn_that_slack_reads() -> None:
    facts: dict[str, Any] = {
        "notice": "dead",
        "detail": {"count": "3", "reason": "<!channel> & </i>", "chat": "slack:C1", "ids": "a b"},
    }
    (message,) = render_delivery(deliveries.delivery(deliveries.team(), kind=DeliveryKind.NOTICE, **facts))
    assert "&lt;!channel&gt; &amp; &lt;/i&gt;" in judged(message)[0]["text"]["text"]
