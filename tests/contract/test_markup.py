"""Each platform accepts the markup that we write.

The checks and limits of Slack's SDK and Telegram's own parser judge it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from itertools import cycle
from typing import Any
from unittest.mock import AsyncMock, patch
from urllib.parse import unquote_plus

import httpx
import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.models.blocks import Block

from bot.messages import Button, Reply
from bot.platforms.apprise.adapter import ApprisePlatform
from bot.platforms.slack import markup as slack_markup
from bot.platforms.telegram import markup as telegram_markup
from bot.rendering import deliveries as rendering
from bot.settings import Destination
from subscriptions.model import (
    Chat,
    ChatAddress,
    ChatKind,
    DeliveryKind,
    Item,
    Message,
    MissingHow,
    MissingSources,
    PaperNews,
)
from subscriptions.outcomes import Unclear
from subscriptions.text.cutting import clean
from tests import rendered
from tests.fakes import markup
from tests.fakes.blocks import check_blocks
from tests.fakes.markup import Text
from tests.unit import deliveries

SLACK_CHATS = [
    deliveries.team(),
    deliveries.team(shape="digest", lang="zh", timezone="+08:00"),
    deliveries.team(shape="each", text="abstract"),
    deliveries.chat("slack"),
    deliveries.chat("slack", ChatKind.TEAM, topic="17.5", shape="thread"),
]
# Slack interprets text in <…> in mrkdwn, and the entities &amp; &lt; &gt;.
IN_BRACKETS = re.compile(r"<([^>]*)>")
LINK = re.compile(r"https?://[^|\s]+(\|[^|]*)?")


def texts(value: object) -> Iterator[dict[str, Any]]:
    """Yields all text objects in blocks."""
    if isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value
        for one in value.values():
            yield from texts(one)


def slack_judged(message: Message) -> list[dict[str, Any]]:
    """Returns the blocks of a message.

    Fails the test if Slack would refuse them or interpret a paper's text as markup.
    """
    read = json.loads(message.payload)
    blocks: list[dict[str, Any]] = read["blocks"]
    check_blocks(blocks)
    assert 1 <= len(blocks) <= slack_markup.BLOCKS
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= slack_markup.BUDGET
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    for text in texts(blocks):
        assert text["text"].strip()
        assert len(text["text"]) <= (slack_markup.HEADER if text["type"] == "plain_text" else slack_markup.SECTION)
        assert not any(ord(char) < 32 and char != "\n" for char in text["text"])
        if text["type"] == "plain_text":
            assert text.get("emoji") is False or ":" not in text["text"]
        else:
            plain = IN_BRACKETS.sub("", text["text"])
            assert "<" not in plain
            assert ">" not in plain
            assert all(LINK.fullmatch(inside) for inside in IN_BRACKETS.findall(text["text"]))
            assert not re.search(r"&(?!amp;|lt;|gt;)", text["text"])
    for fallback in (read["text"], rendered.plain_form(message)):
        assert fallback.strip()
        assert len(fallback) <= 40_000
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", fallback)
    json.dumps(read).encode()
    message.payload.encode()
    return blocks


def slack_links(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Returns the links of a message: (address, label)."""
    inside = [found for text in texts(blocks) for found in IN_BRACKETS.findall(text["text"]) if "|" in found]
    return [(url, unescape(label)) for url, _, label in (found.partition("|") for found in inside)]


def found_by_server(text: str) -> list[tuple[str, str]]:
    """Returns (kind, text) of each part of a text that Telegram turns into a link though it has no markup."""
    raw = text.encode("utf-16-le")
    return [
        (
            entity["type"]["@type"],
            raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le"),
        )
        for entity in markup.entities_of(text)
    ]


def telegram_judged(message: Message) -> Text:
    """Returns the message as Telegram interprets it. Fails the test if Telegram would refuse, cut or drop any of it."""
    html = str(deliveries.payload(message)["text"])
    assert len(html.encode()) <= markup.RAW_LIMIT
    read = markup.untrimmed(html)
    assert read.text.strip()
    assert read.units <= markup.TEXT_LIMIT
    # the server also turns plain addresses and names into links, which count as entities too
    found = found_by_server(blanked(read))
    assert len(read.entities) + len(found) <= markup.KEPT_ENTITIES
    assert read.entity_bytes + 12 * len(found) <= markup.ENTITY_BYTES
    assert not any(ord(char) < 32 and char != "\n" for char in read.text)
    plain = rendered.plain_form(message)
    assert plain.strip()
    assert len(plain.encode("utf-16-le")) // 2 <= markup.TEXT_LIMIT
    return read


def blanked(read: Text) -> str:
    """Returns the text with spaces in place of the parts that are marked as links or code already."""
    raw = bytearray(read.text.encode("utf-16-le"))
    for entity in read.entities:
        if entity["type"]["@type"] in {"textEntityTypeTextUrl", "textEntityTypeCode", "textEntityTypePre"}:
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            raw[start:end] = " ".encode("utf-16-le") * ((end - start) // 2)
    return raw.decode("utf-16-le")


def telegram_links(read: Text) -> list[tuple[str, str]]:
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


TELEGRAM_CHATS = [
    deliveries.chat(),
    deliveries.chat(lang="zh", timezone="+08:00"),
    deliveries.chat(kind=ChatKind.GROUP, text="abstract"),
    deliveries.chat(kind=ChatKind.BROADCAST, shape="each"),
    deliveries.chat(kind=ChatKind.BROADCAST),
]


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
    kinds = {kind for kind, _ in found_by_server(telegram_markup.without_mentions(clean(text)))}
    assert not kinds & CALLS


VICTIMS = (
    "@victim",
    "/victim",
    "/victim@a_bot",
    "#victim",
    "$VICTIM",
    "<@victim>",
    "/@victim",
)
AROUND = (
    "{}",
    "x://,{}",
    "https://h.org/,{}",
    "https://h.org/ {} https://h.org/",
    "{}https://h.org/",
    "x.{}",
    "-{}",
    "中{}",
    "¼{}",
    "\u200b{}",
    "`{}`",
)


def called(message: Message, own: str = "") -> list[str]:
    """Returns the parts of a message's markup and of its plain text that mention a person or start a command.

    Words in `own`, which paperwire itself writes, are left out.
    """
    forms = (blanked(telegram_judged(message)), rendered.plain_form(message))
    found = [hit for form in forms for hit in found_by_server(form)]
    return [text for kind, text in found if kind in CALLS and text not in own.split()]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("victim", VICTIMS)
def test_no_paper_calls_anybody_in_either_form_of_its_message(victim: str, around: str) -> None:
    text = around.format(victim)
    # each form is tried in one or two chats, because all forms in all chats take half a minute
    chats = cycle(TELEGRAM_CHATS)
    for word in ("", "victim", "VICTIM", text):  # a word of the query becomes bold, and the bold tags split the text
        reason = deliveries.because(word or text, word or text, name=text)
        entry = deliveries.item(
            text, reason, abstract=f"We thank {text}. It works.", authors=(text,), url=None, arxiv_id=None
        )
        for to in (next(chats), next(chats)):
            for message in rendered.render_delivery(deliveries.alert(to, entry, entry)):
                assert not called(message)
        for form in ("row", "card", "whole", "why"):
            for message in rendered.render_reply(Reply(items=(entry,), item_layout=form), next(chats)):
                assert not called(message)


@pytest.mark.parametrize("victim", ["@victim", "#victim", "$VICTIM", "<@victim>", "/@victim"])
def test_a_quoted_name_calls_no_one_and_commands_stay(victim: str) -> None:
    (message,) = rendered.render_reply(
        Reply(lines=(f"✓ 1  {victim} · now", "Undo: /undo or /sub@a_bot x")), deliveries.chat()
    )
    assert called(message) == ["/undo", "/sub@a_bot"] * 2


@pytest.mark.parametrize(
    "category", ["cs.CL", "cs.AI", "stat.ML", "math.CO", "q-bio.NC", "astro-ph.GA", "cs.cl", "eess.AS"]
)
@pytest.mark.parametrize("context", ["{}", "cat:{}", "-{} or", "({}, x)", "{}: x", "in {}."])
def test_a_category_is_no_host(category: str, context: str) -> None:
    text = context.format(category)
    assert found_by_server(text)
    (message,) = rendered.render_delivery(
        deliveries.alert(
            deliveries.chat(), deliveries.item("T", deliveries.because(text), categories=(category,), abstract=text)
        )
    )
    assert not found_by_server(blanked(telegram_judged(message)))


def test_addresses_in_an_abstract_stay_links() -> None:
    (message,) = rendered.render_delivery(
        deliveries.alert(
            deliveries.chat(), deliveries.item(abstract="Code: https://github.com/x/y#z and www.example.org")
        )
    )
    assert [text for _, text in found_by_server(blanked(telegram_judged(message)))] == [
        "https://github.com/x/y#z",
        "www.example.org",
    ]


WEBHOOK = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
# address of a service, what it takes for a mention, texts that would ring somebody
SERVICES = [
    ("feishu://token", r"<at\b", '<at user_id="all">x</at>'),
    ("lark://token", r"<at\b", "<at user_id='ou_1'/>"),
    ("wecombot://token", r"<@", "<@victim>"),
    (f"dingtalk://{WEBHOOK}", r"@\w", "@13800000000 /@victim"),
    ("discord://42/token", r"<@[!&]?\w|@(everyone|here)", "<@&42> mail@everyone https://h.org/@here"),
    (f"mmost://lab.org/{WEBHOOK}", r"@(all|channel|here)|<!\w", "@all. <!channel> /@here"),
    (f"rocket://{'a' * 17}%2F{'b' * 43}@lab.org/#papers", r"@(all|here)", "@all (@here)"),
    ("gchat://space/key/token", r"<users/", "<users/all>"),
    (f"workflow://lab.org/{WEBHOOK}/{WEBHOOK}", r"(?i)<at>[^<]+</at>", "<at>victim</at> <AT>victim</AT>"),
    (f"wxteams://{'a' * 80}", r"<@|<spark-mention", '<@all> <spark-mention data-object-type="groupMention"/>'),
    (f"zulip://bot@lab/{'a' * 32}/papers", r"@_?\*|@\w", "@**all** @*team* @_**victim** @victim"),
    ("zoom://hook/token", r"<!", "<!all>"),
    ("nctalk://papers:secret@lab.org/room", r'@[\w"]', '@all @"group/staff"'),
    ("humhub://token@lab.org/1", r"\]\(mention:", "[x](mention:guid)"),
    ("twist://password:ada@lab.org/1:2", r"\]\(twist-mention", "[x](twist-mention://1)"),
    ("revolt://token/1", r"<[@%]|@(everyone|online)", "<%ROLE> @everyone"),
    ("tgram://123456789:abcdefg_hijklmnop/42", r"""(?<!\w)@\w|(\]\(|href=")tg://""", "@victim [x](tg://user?id=1)"),
    ("matrix://token@lab.org/!papers:lab.org", r"@room|@\w+:", "@room @victim:lab.org"),
]
SERVICE_CHAT = deliveries.chat("apprise")


def posted_strings(body: bytes | str | None) -> Iterator[str]:
    """Yields the strings in the body of a request, which is JSON or a form."""
    text = body.decode() if isinstance(body, bytes) else body or ""
    try:
        waiting = [json.loads(text)]
    except ValueError:
        waiting = [unquote_plus(text)]
    while waiting:
        match waiting.pop():
            case str(found):
                yield found
            case list(values):
                waiting += values
            case dict(values):
                waiting += values.values()


@pytest.mark.parametrize(("url", "rings", "victims"), SERVICES, ids=[row[0].partition(":")[0] for row in SERVICES])
async def test_no_paper_rings_anybody_through_a_service(url: str, rings: str, victims: str) -> None:
    channel = ApprisePlatform([Destination(name="lab", url_env="LAB_URL", url=SecretStr(url))])
    lab = ChatAddress("apprise", "lab")
    text = f"Tides by {victims} explained"
    entries = [
        deliveries.item(title, deliveries.because(victims, "all", "victim", name=victims), authors=(victims,),
                        abstract=f"We thank {victims}.", arxiv_id=None, url="https://h.org/@all/<@victim>")
        for title in (text, victims)
    ]  # fmt: skip
    reply = requests.Response()
    reply.status_code, reply._content = 200, b'{"code": 0, "errcode": 0, "event_id": "1", "room_id": "!papers:lab.org"}'
    yes = AsyncMock(return_value=httpx.Response(200, json={"code": 0, "errcode": 0}))
    with (
        patch.object(requests.Session, "send", return_value=reply) as send,
        patch.object(httpx.AsyncClient, "post", yes),
    ):
        for planned in (deliveries.alert(SERVICE_CHAT, *entries[:1]), deliveries.alert(SERVICE_CHAT, *entries)):
            for message in rendering.render_delivery(planned, renderer=channel.renderer_for(lab)):
                for plain in (False, True):
                    with suppress(Unclear):
                        await channel.post(lab, message, delivery="d", plain=plain)
    bodies = [call.args[0].body for call in send.call_args_list]
    bodies += [json.dumps(call.kwargs["json"]) for call in yes.call_args_list]
    posted = [one for body in bodies for one in posted_strings(body)]
    assert any("Tides by" in one for one in posted)
    assert [found[0] for one in posted for found in re.finditer(rings, one)] == []
    assert re.search(rings, victims)


@dataclass(frozen=True, slots=True)
class Judge:
    """A platform: its chats, a function that checks and parses a message, and one that returns its links with their labels."""

    chats: list[Chat]
    judged: Callable[[Message], Any]
    links: Callable[[Any], list[tuple[str, str]]]
    loses: str  # signs that a label shows in another form

    def papers(self, read: Any) -> int:
        """Returns how many links of a parsed message lead to papers at arXiv."""
        return sum(url.startswith("https://arxiv.org/abs/") for url, _ in self.links(read))


JUDGES = pytest.mark.parametrize(
    "on",
    [
        pytest.param(Judge(SLACK_CHATS, slack_judged, slack_links, "|$\\`"), id="slack"),
        pytest.param(Judge(TELEGRAM_CHATS, telegram_judged, telegram_links, "$\\"), id="telegram"),
    ],
)
PLACES = st.integers(0, min(len(SLACK_CHATS), len(TELEGRAM_CHATS)) - 1)


@JUDGES
@given(
    PLACES,
    st.lists(deliveries.papers(), max_size=4),
    st.sampled_from([DeliveryKind.ALERT, DeliveryKind.BULLETIN]),
    deliveries.hostile,
)
def test_whatever_a_paper_holds_it_is_taken_as_it_is(
    on: Judge, place: int, shown: list[Item], kind: DeliveryKind, title: str
) -> None:
    titles = {"one": (title, "https://example.org/"), "other": (title, title)}
    told = [deliveries.changed(one, sources=tuple(titles)) for one in shown]
    missing = MissingSources(title, 1, MissingHow.LATE)
    sent = deliveries.delivery(on.chats[place], told, kind=kind, missing=missing)
    messages = rendered.render_delivery(sent, titles=titles)
    assert sorted(paper for message in messages for paper in message.papers) == sorted(one.paper.id for one in shown)
    for message in messages:
        expected = [one for one in shown if one.paper.id in message.papers and one.paper.paper.arxiv_id]
        assert on.papers(on.judged(message)) == len(expected)


@JUDGES
@given(PLACES, st.lists(deliveries.papers(), min_size=1, max_size=9), deliveries.hostile, st.booleans())
def test_whatever_news_of_papers_holds_it_is_taken_as_it_is(
    on: Judge, place: int, shown: list[Item], text: str, gone: bool
) -> None:
    news = tuple(
        PaperNews(
            title=one.paper.paper.title,
            arxiv_id=one.paper.paper.arxiv_id,
            doi=one.paper.paper.doi,
            url=one.paper.paper.url,
            is_gone=gone,
            lines=((text, ""), (text, f"https://doi.org/{text}"), ("code", f"https://github.com/{text[:9]}")),
        )
        for one in shown
    )
    sent = deliveries.delivery(on.chats[place], kind=DeliveryKind.NOTICE, lines=("News",), news=news)
    found = sum(on.papers(on.judged(message)) for message in rendered.render_delivery(sent))
    assert found == sum(bool(one.arxiv_id) for one in news)


@JUDGES
@pytest.mark.parametrize("title", deliveries.HOSTILE)
def test_a_title_is_the_label_of_its_link(on: Judge, title: str) -> None:
    paper = deliveries.item(title, arxiv_id="2601.00001")
    (message,) = rendered.render_delivery(deliveries.alert(on.chats[0], paper))
    url, label = on.links(on.judged(message))[0]
    visible = "".join(char for char in label if char not in "\u2068\u2069\u2060")
    kept = [word for word in title.split() if word.isascii() and word.isprintable() and not set(word) & set(on.loses)]
    assert url == "https://arxiv.org/abs/2601.00001"
    assert all(word in visible for word in kept)


@JUDGES
@pytest.mark.parametrize("title", ["x", "&" * 200, "&" * 900, "ﷺ" * 200, "🎓" * 100])
def test_many_papers_are_few_full_messages(on: Judge, title: str) -> None:
    for chat in on.chats[:2]:
        messages = rendered.render_delivery(deliveries.delivery(chat, deliveries.items(50, title=title)))
        assert sum(on.papers(on.judged(message)) for message in messages) == 50
        assert all(len(message.papers) >= 7 for message in messages[1:-1])


@JUDGES
@given(deliveries.hostile, deliveries.hostile)
def test_whatever_a_person_types_the_answer_is_taken(on: Judge, line: str, code: str) -> None:
    row = tuple(Button(label=line or "x", data=str(number)) for number in range(3))
    reply = Reply(lines=(line, line), code=(code, "^"), ok=False, buttons=(row,))
    for message in rendered.render_reply(reply, on.chats[0]):
        on.judged(message)


@JUDGES
@given(
    PLACES,
    st.lists(deliveries.papers(), min_size=1, max_size=3),
    st.sampled_from(["row", "card", "whole", "why"]),
    deliveries.hostile,
    st.integers(0, 800),
)
def test_papers_in_an_answer_are_taken_as_they_are(  # noqa: PLR0917 - what Hypothesis draws
    on: Judge, place: int, found: list[Item], form: Any, line: str, sentences: int
) -> None:
    if sentences:
        long = "A sentence & <so> on, word by word. " * sentences
        found = [deliveries.changed(found[0], abstract=long), *found[1:]]
    numbers = tuple(Button(label=str(number), data=f"x{number}") for number in range(len(found)))
    reply = Reply(lines=(line,), items=tuple(found), item_layout=form, numbers=numbers)
    read = [on.judged(message) for message in rendered.render_reply(reply, on.chats[place])]
    assert sum(map(on.papers, read)) == sum(bool(one.paper.paper.arxiv_id) for one in found)


@given(
    st.sampled_from(TELEGRAM_CHATS),
    st.lists(deliveries.papers(), min_size=1, max_size=3),
    st.sampled_from(["row", "card", "whole", "why"]),
)
def test_papers_in_an_answer_have_their_buttons(to: Chat, found: list[Item], form: Any) -> None:
    numbers = tuple(Button(label=str(number), data=f"x{number}") for number in range(len(found)))
    messages = rendered.render_reply(Reply(lines=("x",), items=tuple(found), item_layout=form, numbers=numbers), to)
    keys = [key for message in messages for row in json.loads(message.payload).get("buttons", []) for key in row]
    cards = [key["data"].partition(".")[0] for key in keys if "data" in key]
    assert list(dict.fromkeys(cards)) == [button.data for button in numbers]
    leading = [key["url"] for key in keys if "url" in key]  # a card has links
    assert all(url.startswith(("https://", "http://")) and len(url) <= 2048 for url in leading)
