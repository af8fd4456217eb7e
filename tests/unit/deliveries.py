"""Makes the inputs of rendering: a chat, a paper, a delivery; also the text of its messages, and hostile texts and
papers.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from hypothesis import strategies as st

from subscriptions import model
from subscriptions.chats import settings as chat_settings
from subscriptions.life import PaperFacts, Withdrawal
from subscriptions.model import Chat, ChatAddress, ChatKind, Delivery, DeliveryKind, Item, MatchReason, Message
from tests.rendered import render_delivery

THURSDAY = datetime(2026, 1, 22, 13, tzinfo=UTC)  # 14:00 in Berlin, 21:00 in Shanghai
ABSTRACT = "We look at noise. It goes away step by step. What is left is a picture."
_ids = count(1)


def chat(
    platform: str = "telegram",
    kind: ChatKind = ChatKind.PRIVATE,
    *,
    title: str = "",
    topic: str = "",
    **chosen: str,
) -> Chat:
    """A chat on this platform; `chosen` are its settings. The others are those of a private chat on Telegram."""
    assert chosen.keys() <= chat_settings.SETTINGS.keys()
    settings = chat_settings.resolve(
        ChatKind.PRIVATE, "telegram", {"limit": "20"} | chosen, timezone="Europe/Berlin", lang="en"
    )
    return Chat(id=1, address=ChatAddress(platform, "42", topic), kind=kind, settings=settings, title=title)


def team(**chosen: str) -> Chat:
    """A Slack channel."""
    return chat("slack", ChatKind.TEAM, title="#vision-papers", topic="", **{"shape": "thread"} | chosen)


def because(text: str = "diffusion", *words: str, number: int = 1, name: str = "") -> MatchReason:
    """One reason why a chat gets a paper."""
    return MatchReason(number=number, text=text, name=name, words=words)


def item(
    title: str = "Noise, Step by Step",
    *reasons: MatchReason,
    shown: bool = True,
    cross: bool = False,
    withdrawn: datetime | None = None,
    summaries: dict[str, str] | None = None,
    **fields: object,
) -> Item:
    """A paper with a new id that matches `reasons`. `summaries`: by language."""
    number = next(_ids)
    given: dict[str, object] = {
        "key": f"2601.{number:05d}",
        "arxiv_id": f"2601.{number:05d}",
        "title": title,
        "abstract": ABSTRACT,
        "authors": ("Ada Example",),
        "categories": ("cs.LG",),
        "summaries": tuple(
            model.Summary(language=language, fields={"tldr": text}) for language, text in (summaries or {}).items()
        ),
        "facts": PaperFacts(withdrawn=Withdrawal(at=withdrawn) if withdrawn else None),
    } | fields
    known = model.StoredPaper(
        id=number,
        paper=model.Paper(**given),  # type: ignore[arg-type]
        sequence=number,
        sequenced_at=THURSDAY,
        first_seen_at=THURSDAY,
        day=THURSDAY.date(),
    )
    return Item(paper=known, because=reasons or (because(),), position=number, shown=shown, cross=cross)


def changed(entry: Item, **fields: Any) -> Item:
    """The same paper in the same place with other facts."""
    return entry._replace(paper=replace(entry.paper, paper=replace(entry.paper.paper, **fields)))


def items(amount: int, *reasons: MatchReason, title: str = "Paper", **fields: object) -> tuple[Item, ...]:
    """`amount` papers with the titles "Paper 1", "Paper 2" and so on."""
    return tuple(item(f"{title} {number}", *reasons, **fields) for number in range(1, amount + 1))  # type: ignore[arg-type]


def delivery(
    to: Chat,
    papers: Iterable[Item] = (),
    *,
    kind: DeliveryKind = DeliveryKind.BULLETIN,
    due: datetime = THURSDAY,
    **facts: Any,
) -> Delivery:
    """A delivery to a chat. `facts`: its fields except the papers."""
    given: dict[str, Any] = {"known": 180, "days": (date(2026, 1, 22),)} | facts
    return Delivery(
        id="a" * 16,
        chat=to,
        kind=kind,
        due=due,
        items=tuple(papers),
        facts=model.DeliveryContext(**given),
    )


def alert(to: Chat, *papers: Item, **facts: Any) -> Delivery:
    """An alert: a few papers, sent at once."""
    return delivery(to, papers, kind=DeliveryKind.ALERT, **facts)


def payload(message: Message) -> dict[str, object]:
    """Returns the payload of a message as an object."""
    return dict(json.loads(message.payload))


def written(message: Message) -> str:
    """Returns the text of a message with its markup.

    For a Slack message, the texts of all its blocks, each on a line.
    """
    read = payload(message)
    if "blocks" not in read:
        return str(read["text"])
    lines = []
    for block in json.loads(message.payload)["blocks"]:
        texts = [block["text"]] if "text" in block else block["elements"]
        texts = [text for text in texts if "text" in text]  # a menu has no text
        lines += [text["text"] if isinstance(text["text"], str) else text["text"]["text"] for text in texts]
    return "\n".join(lines)


def rendered(planned: Delivery) -> list[str]:
    """Returns the texts of a delivery's messages, with their markup."""
    return [written(message) for message in render_delivery(planned)]


HOSTILE = (
    "_ * [ < & ]( </b> <!channel>",
    '<b>bold</b><a href="https://evil.example">x</a>',
    "\"quotes\" 'and' &amp; &#39; &nbsp; &lt;",
    "﷽ ﷽ ﷽",
    "שלום עולם 5 < 6",
    "👩‍👩‍👧‍👦 🏳️‍🌈 𝔸𝔹ℂ",
    "NUL \x00 and \x1b[31m and \x07",
    "lone \ud83d half \udc00",
    "@channel @here /start #tag $TAG cs.CL math.CO https://example.org/x?a=1&b=2 a@b.co",
    "turn \u202e around \u2066 this",
    "e" + "\u0301" * 500,
    "|pipe|`code`|\\alpha $x^2$",
    "\n\nlines\n\r\nand\u2028more",
    "1" * 30 + " 12:30",
)
hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=st.characters(), max_size=60),
    st.lists(st.sampled_from(HOSTILE), max_size=8).map(" ".join),
    st.integers(0, 400).map(lambda times: "<&>\"'@x.co " * times),
    st.integers(0, 900).map(lambda times: "عربى🎓 " * times),
)
urls = st.one_of(
    st.none(),
    st.just("https://example.org/" + "%7C" * 300),
    hostile.map("https://example.org/".__add__),
    hostile,
)


@st.composite
def papers(draw: st.DrawFn) -> Item:
    """Returns a paper whose every text is hostile."""
    reasons = [
        because(draw(hostile), draw(hostile), number=n, name=draw(hostile)) for n in range(1, draw(st.integers(2, 4)))
    ]
    return item(
        draw(hostile),
        *reasons,
        shown=draw(st.booleans()) or True,
        cross=draw(st.booleans()),
        withdrawn=draw(st.sampled_from([None, datetime(2026, 2, 2, tzinfo=UTC)])),
        summaries=draw(st.dictionaries(st.sampled_from(["en", "zh"]), hostile)),
        abstract=draw(hostile) * draw(st.sampled_from([1, 3])),
        authors=tuple(draw(st.lists(hostile, max_size=4))),
        categories=tuple(draw(st.lists(st.one_of(st.just("cs.CL"), hostile), max_size=3))),
        arxiv_id=draw(st.one_of(st.none(), st.just("2601.00001"))),
        doi=draw(st.one_of(st.none(), hostile)),
        url=draw(urls),
    )
