"""Deliveries, replies and notices as people see them: their form, their order, and how they are divided into messages."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.connections import ADAPTERS
from bot.messages import Reply
from subscriptions.life import Article, Notice, PaperFacts
from subscriptions.model import Chat, ChatKind, Delivery, DeliveryKind, Item, MatchReason, PaperNews
from tests.make import translation
from tests.rendered import plain_form, render_delivery, render_reply
from tests.unit.deliveries import (
    THURSDAY,
    alert,
    because,
    changed,
    chat,
    delivery,
    item,
    items,
    payload,
    rendered,
    team,
    written,
)

LECUN = because("author:lecun", number=2, name="Y. LeCun")
GROUP = chat(kind=ChatKind.GROUP)
CONSOLE = chat("console")


PUBLIC_GROUP = chat(kind=ChatKind.GROUP)._replace(public=True)


def empty(to: Chat | None = None, **facts: Any) -> Delivery:
    """Returns a delivery without papers."""
    return delivery(to or chat(), next_due=datetime(2026, 1, 27, 12, tzinfo=UTC), **facts)


def half_told(without: int) -> list[Item]:
    """Returns six papers, this number of them without a summary."""
    return [*items(without), *items(6 - without, summaries={"en": "It goes away."})]


# a delivery, and what its only message holds (^: begins with, $: ends with) or does not hold (✗)
SHOWN: dict[str, tuple[Any, ...]] = {
    "six papers are a digest; a lock screen shows amount and day": (
        alert(chat(), *items(6)),
        "^<b>6 papers · Thu 22 Jan</b> · diffusion\n1 <a",
    ),
    "few papers are a digest in a group": (delivery(GROUP, items(1)), "^<b>1 paper · Thu 22 Jan</b>"),
    "groups with the fewest papers come first": (
        delivery(CONSOLE, [*items(6), item("By a friend", LECUN)]),
        "^7 papers · Thu 22 Jan\n\nY. LeCun · 1\n 1  By a friend\n",
        "\n\ndiffusion · 6\n 2  Paper 1\n",
        "✗ ▸",
    ),
    "a chat that hears at once has no next moment": (
        delivery(chat(), known=7, days=(date(2026, 1, 26),), first=True),
        "^None of 7 papers of Mon 26 Jan matched. The first that matches comes at once.$",
    ),
    "the first due delivery speaks even when it is empty, in Chinese, too": (
        empty(chat(lang="zh"), known=2412, days=(date(2026, 1, 26),), first=True, next_about=True),
        "^1月26日 周一的 2,412 篇论文中没有符合订阅的。下一次：1月27日 周二 13:00 左右。$",
    ),
    "one line says when many summaries are missing": (
        delivery(CONSOLE, half_told(3)),
        "3 of these papers have no English summary yet; abstracts instead.",
    ),
    "a public group is read as a channel is": (delivery(PUBLIC_GROUP, items(2)), "<blockquote expandable>", "✗ ▸"),
    "what matched is bold where Slack can show it; some clients show no link for a bold label": (
        alert(
            team(),
            item(
                "Noise|Models",
                because("x", "Noise", "noise"),
                summaries={"en": "使用noise的"},
                arxiv_id="2601.00001",
            ),
        ),
        "^<https://arxiv.org/abs/2601.00001|Noise∣Models>",
        "AI: 使用noise的",
    ),
}


def unlike(text: str, expected: list[str]) -> list[str]:
    """Returns what a text lacks of what it should hold, and what it holds though it should not (✗)."""
    return [one for one in expected if (one.removeprefix("✗ ") in f"^{text}$") is one.startswith("✗ ")]


@pytest.mark.parametrize("case", SHOWN)
def test_the_message_of_a_delivery(case: str) -> None:
    planned, *expected = SHOWN[case]
    (message,) = rendered(planned)
    assert unlike(message, expected) == []


def silent(planned: Delivery) -> list[object]:
    """Returns for each message whether it is sent without sound."""
    return [payload(message)["silent"] for message in render_delivery(planned)]


def test_days_that_are_long_ago_are_told_with_their_year() -> None:
    days = (date(2023, 4, 5), date(2023, 4, 7))
    (english,) = rendered(delivery(CONSOLE, items(6), days=days))
    assert english.startswith("6 papers · Wed 5 – Fri 7 Apr 2023 · ")
    (chinese,) = rendered(delivery(chat("console", lang="zh"), items(6), days=days))
    assert "2023年4月5日 周三 – 7日 周五" in chinese.splitlines()[0]


def test_a_team_gets_one_line_and_the_papers_in_its_thread() -> None:
    messages = render_delivery(delivery(team(), items(4, because("diffusion"))))
    assert [(message.number, message.reply_to, len(message.papers)) for message in messages] == [
        (1, None, 0),
        (2, 1, 4),
    ]
    assert written(messages[0]).split("\n") == [
        "*4 papers for #vision-papers*",
        "1 Paper 1",
        "2 Paper 2",
        "and 2 more in the thread",
    ]
    assert payload(messages[0])["text"] == "4 papers for #vision-papers\n1 Paper 1\n2 Paper 2\n3 Paper 3\n4 Paper 4"
    assert written(messages[1]).startswith("4 papers · Thu 22 Jan · diffusion\n1 <https://arxiv.org/abs/")


@pytest.mark.parametrize(
    ("settings", "hour", "late", "quiet"),
    [
        ({}, 7, 0, False),
        ({"timezone": "+08:00"}, 14, 0, True),
        ({"quiet": "12:00-16:00"}, 13, 0, True),
        ({}, 13, 10, True),  # due at 14:00, sent at midnight
    ],
)
def test_a_sound_is_heard_by_day_in_a_private_chat(
    settings: dict[str, Any], hour: int, late: int, *, quiet: bool
) -> None:
    due, by = THURSDAY.replace(hour=hour), timedelta(hours=late)
    assert silent(delivery(chat(**settings), items(1), due=due, late=by)) == [quiet]


def test_only_the_first_of_several_messages_makes_a_sound() -> None:
    long = items(60, title="A title that takes its room in a message, word by word")
    assert silent(delivery(chat(buttons="off"), long)) == [
        False,
        True,
    ]


def test_several_messages_are_counted_in_their_headers() -> None:
    long = items(30, title="A title that takes its room " * 4)
    messages = rendered(delivery(chat(), long, late=timedelta(hours=3)))
    assert ["3 hours late" in message for message in messages] == [True, *[False] * (len(messages) - 1)]
    assert len(messages) > 1
    for number, message in enumerate(messages, start=1):
        assert message.startswith(f"<b>30 papers · Thu 22 Jan</b> · diffusion · {number}/{len(messages)}\n")
    parts = rendered(alert(chat(), *items(5, title="long title " * 150)))
    assert parts[1].startswith(f"<b>5 papers · Thu 22 Jan</b> · 2/{len(parts)}\n")


def test_every_shown_paper_stands_in_one_message_which_names_it() -> None:
    papers = [
        *items(25, title="A title of some length"),
        *items(3, shown=False),
        *items(20, LECUN),
    ]
    for to in (chat(), team(), CONSOLE, chat("web")):
        messages = render_delivery(delivery(to, papers))
        assert sorted([paper for message in messages for paper in message.papers]) == sorted(
            entry.paper.id for entry in papers if entry.shown
        )
        for message in messages:
            for entry in papers:
                link = f"https://arxiv.org/abs/{entry.paper.paper.arxiv_id}"
                assert {link in message.payload, link in plain_form(message)} == {entry.paper.id in message.papers}


@pytest.mark.parametrize(
    "to",
    [chat(), team(), team(shape="digest"), CONSOLE],
    ids=["telegram", "thread", "slack", "console"],
)
def test_a_paper_larger_than_a_message_keeps_its_link(to: Chat) -> None:
    giants = [
        item("A title " * 12_000, authors=tuple(f"Name{n} Family{n}" for n in range(574))),
        item("Abstract", abstract="No end in sight " * 7_000),
        item("Summary", summaries={"en": "No end in sight " * 7_000}),
        item("Author", authors=("A" * 100_000,)),
        item("Reason", because("word " * 20_000, name="n" * 100_000)),
        item("https", url="https://example.org/" + "x" * 100_000, arxiv_id=None),
    ]
    for kind in (DeliveryKind.ALERT, DeliveryKind.BULLETIN):
        messages = render_delivery(delivery(to, giants, kind=kind))
        text = "".join(map(written, messages))
        assert sum(len(message.papers) for message in messages) == len(giants)
        assert all(entry.paper.paper.arxiv_id in text for entry in giants if entry.paper.paper.arxiv_id)


def why_of(*reasons: MatchReason, title: str = "Steps") -> Reply:
    return Reply(items=(item(title, *reasons),), item_layout="why")


def notice(to: Chat, *lines: str, news: tuple[PaperNews, ...] = ()) -> Reply:
    return Reply(delivery=delivery(to, kind=DeliveryKind.NOTICE, lines=lines, news=news))


ODD = "שלום 5\n<b>\u202eX</b>"
GONE = PaperNews(
    title=ODD,
    arxiv_id="2601.00003",
    doi=None,
    url=None,
    is_gone=True,
    lines=((f"withdrawn: “{ODD}”", ""), ("code", "https://github.com/a/b")),
)


# a reply, its chat, and what the message holds or does not hold, as above
SHOWN_REPLIES: dict[str, tuple[Any, ...]] = {
    "a refusal shows the query and its caret in fixed width": (
        Reply(lines=("This only excludes:", "for example: diffusion"), ok=False, code=("-survey <x>", "^")),
        chat(),
        "^✗ This only excludes:\n<pre>-survey &lt;x&gt;\n^</pre>\nfor example: diffusion$",
    ),
    "a notice has its title in bold, and no text in it is markup": (
        notice(chat(), "<b>News</b> & @more of stat.ML", "It waits."),
        chat(),
        "^<b>&lt;b&gt;News&lt;/b&gt; &amp; @\u2060more of stat.\u2060ML</b>\nIt waits.$",
    ),
    "news of a paper is a line each, and its title keeps its direction": (
        notice(chat(), "News", news=(GONE,)),
        chat(),
        """^<b>News</b>

<s><a href="https://arxiv.org/abs/2601.00003">\u2068שלום 5 &lt;b&gt;X&lt;/b&gt;\u2069</a></s>
– \u2068withdrawn: “שלום 5 &lt;b&gt;X&lt;/b&gt;”\u2069
– code: <a href="https://github.com/a/b">github.com/a/b</a>$""",
    ),
    "on Slack, too": (
        notice(team(), "News", news=(GONE, replace(GONE, title="", is_gone=False))),
        team(),
        "1 ~<https://arxiv.org/abs/2601.00003|\u2068שלום 5 &lt;b&gt;X&lt;/b&gt;\u2069>~\n– \u2068withdrawn: “שלום",
        "2 <https://arxiv.org/abs/2601.00003|2601.00003>\n– ",
    ),
    "news in a text has all its addresses": (
        notice(chat("console", lang="zh"), "News", news=(GONE,)),
        chat("console", lang="zh"),
        "– code：github.com/a/b\n  https://arxiv.org/abs/2601.00003$",
    ),
    "a card says something where a chat wants but titles": (
        Reply(items=(item(summaries={"en": "Short."}),), item_layout="card"),
        chat(text="titles"),
        "AI: Short.",
    ),
    "all of a retracted paper has no summary": (
        Reply(
            items=(changed(item("T", summaries={"en": "Short."}), facts=PaperFacts(retracted=Notice())),),
            item_layout="whole",
        ),
        chat(),
        "retracted",
        "Abstract",
        "✗ Short.",
    ),
    "in public why names no subscription": (
        why_of(because("noise", number=3), title="Noise"),
        chat(kind=ChatKind.BROADCAST),
        "<i>in the title:</i> <u>Noise</u>",
        "✗ 3  noise",
    ),
    "a delivery in an answer speaks as its own chat reads it": (
        Reply(
            lines=("The channel gets:",),
            delivery=delivery(
                chat(kind=ChatKind.BROADCAST, lang="zh"),
                (*items(1, because("secret wish")), item("Hidden", because("secret wish"), shown=False)),
            ),
        ),
        chat(),
        "还有 1 篇",
        "✗ 1月22日",
        "✗ secret wish",
    ),
}


@pytest.mark.parametrize("case", SHOWN_REPLIES)
def test_the_message_of_a_reply(case: str) -> None:
    reply, to, *expected = SHOWN_REPLIES[case]
    (message,) = render_reply(reply, to)
    assert unlike(written(message), expected) == []


@pytest.mark.parametrize("platform", ["email", "web"])
def test_pages_strike_the_title_of_a_gone_paper_in_its_direction(platform: str) -> None:
    to = chat(platform)
    news = delivery(to, kind=DeliveryKind.NOTICE, lines=("News",), news=(GONE,))
    paper = alert(to, changed(item(ODD), facts=PaperFacts(retracted=Notice())))
    for sent in (news, paper):
        (html,) = (str(payload(one)["html"]) for one in render_delivery(sent))
        assert re.search(
            r'dir="auto".*?<s>\s*<a [^>]*>\u2068שלום 5 &lt;b&gt;X&lt;/b&gt;\u2069</a>\s*</s>', html, re.DOTALL
        )


def test_mail_and_page_lead_to_preprint_and_article() -> None:
    paper = changed(item(arxiv_id="2601.00003"), facts=PaperFacts(article=Article(doi="10.1234/t.3")))
    for platform in ("email", "web"):
        (html,) = (str(payload(one)["html"]) for one in render_delivery(alert(chat(platform), paper)))
        assert {"https://arxiv.org/abs/2601.00003", "https://doi.org/10.1234/t.3"} <= {
            *re.findall('href="([^"]*)"', html)
        }


@pytest.mark.parametrize("to", [chat(), team(), chat("console")], ids=["telegram", "slack", "console"])
def test_a_long_answer_loses_nothing(to: object) -> None:
    lines = tuple(f"line {number} " + "x" * 90 for number in range(400))
    code = tuple(f"code {number} " + "y" * 2500 for number in range(5))
    messages = render_reply(Reply(lines=lines, code=code, ok=True), to)  # type: ignore[arg-type]
    text = "".join(map(written, messages))
    assert all(line.split(" x")[0] in text for line in lines)
    assert text.count("y") >= 5 * 2500


@pytest.mark.parametrize("amount", [1, 7, 12, 41])
@pytest.mark.parametrize("platform", ADAPTERS)
def test_the_original_title_stands_once_below_the_translated_one_which_is_the_link(platform: str, amount: int) -> None:
    to = chat(platform, text="both", lang="zh")
    told = item("Noise", translations=translation(title="噪声"))
    papers = (told, *items(amount - 1, translations=translation("fr", title="Bruit")))
    message = render_delivery(delivery(to, papers))[0]
    form = json.loads(message.payload)
    drawn = json.dumps(form.get("html") or form.get("blocks") or form["text"], ensure_ascii=False)
    for shown in (drawn, plain_form(message)):
        assert (shown.count("Noise"), "Bruit" in shown) == (1, False)
        assert shown.index("噪声") < shown.index("Noise")
        assert "href" not in shown or re.search(f"{told.paper.paper.key}[^>]*>噪声<", shown)
