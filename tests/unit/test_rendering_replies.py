"""Replies to people, plots in replies, and notices about the service."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from bot.ports import channel
from bot.rendering.language import translator
from subscriptions import model
from subscriptions.notices.declared import NOTICES
from subscriptions.texts import width
from tests import rendered
from tests.unit import deliveries

REFUSED = channel.Reply(
    lines=("This only excludes. Say what you want, too:", "for example: diffusion -survey"),
    ok=False,
    code=("-survey <x>", "^"),
)


REFUSAL = "✗ This only excludes. Say what you want, too:"
MISSED = "2026-01-19/2026-01-21 2026-01-23/2026-01-23"


def looked_at(**fields: object) -> model.Item:
    summaries = (
        model.Summary(
            language="en", fields={"tldr": "In a word.", "method": "By hand.", "result": "N/A", "outlook": "Good."}
        ),
        model.Summary(language="zh", fields={"tldr": "一句话。"}),
    )
    entry = deliveries.item(**{"title": "Noise", "comment": "9 pages"} | fields)  # type: ignore[arg-type]
    return entry._replace(paper=replace(entry.paper, paper=replace(entry.paper.paper, summaries=summaries)))


TWO = deliveries.items(2, deliveries.because("noise", "Paper"))
TRANSLATED = looked_at(translations=(model.Translation(language="zh", title="噪声", abstract="摘要的译文。"),))
WHOLE = channel.Reply(
    items=(
        looked_at(
            authors=tuple(f"Author {n}" for n in range(9)),
            categories=("cs.LG", "cs.CV", "cs.AI", "stat.ML", "q-bio.NC"),
        ),
    ),
    item_layout="whole",
)


def why_of(*reasons: model.Because, title: str = "Steps") -> channel.Reply:
    return channel.Reply(items=(deliveries.item(title, *reasons),), item_layout="why")


def notice(to: model.Chat, cause: str, **detail: str) -> channel.Reply:
    planned = deliveries.delivery(to, kind=model.DeliveryKind.NOTICE, notice=cause, detail=detail)
    return channel.Reply(delivery=planned)


SHOWN: dict[
    str, tuple[channel.Reply, model.Chat, list[str], list[str]]
] = {  # what a reply holds (^: begins with, $: ends with), and what it does not hold
    "a change is ticked": (
        channel.Reply(lines=("4  diffusion",), ok=True),
        deliveries.chat(),
        ["^✓ 4  diffusion$"],
        [],
    ),
    "a refusal shows the query and its caret in fixed width": (
        REFUSED,
        deliveries.chat(),
        [f"^{REFUSAL}\n<pre>-survey &lt;x&gt;\n^</pre>\nfor example: diffusion -survey$"],
        [],
    ),
    "and on Slack": (
        REFUSED,
        deliveries.team(),
        [f"^{REFUSAL}\n```\n-survey &lt;x&gt;\n^\n```\nfor example: diffusion -survey$"],
        [],
    ),
    "what is late is named where the rest has come": (
        notice(deliveries.chat(), "overdue", source="daily", since="Mon 19 Jan", parts="stat.ML"),
        deliveries.chat(),
        ["daily has nothing new in stat.\u2060ML although it is time."],
        [],
    ),
    "missed days are named with their reason": (
        notice(deliveries.chat(), "missed", source="daily", days=MISSED, given_up="1"),
        deliveries.chat(),
        ["Mon 19 – Wed 21 Jan · Fri 23 Jan", "They are too old"],
        [],
    ),
    "or with another one": (
        notice(deliveries.chat(), "missed", source="daily", days=MISSED, given_up=""),
        deliveries.chat(),
        ["only its newest"],
        [],
    ),
    "a notice without words shows its text": (
        notice(deliveries.chat(), "something new", text="<b>News</b> & @more"),
        deliveries.chat(),
        ["^<b>&lt;b&gt;News&lt;/b&gt; &amp; @\u2060more</b>$"],
        [],
    ),
    "a pause names its reason": (
        notice(deliveries.team(), "paused", chat="slack:C1", reason="archived"),
        deliveries.team(),
        [
            (
                "^*slack:C1 is paused.*\nThe channel was archived.\n"
                "Nothing is lost: it goes on by itself when the bot can write there again.$"
            )
        ],
        [],
    ),
    "a plain answer is not": (channel.Reply(lines=("Hello.",)), deliveries.chat(), ["^Hello.$"], []),
    "commands stay commands, and categories are no hosts": (
        channel.Reply(lines=("/sub diffusion cat:cs.CL",)),
        deliveries.chat(),
        ["^/sub diffusion cat:cs.\u2060CL$"],
        [],
    ),
    "papers are below the lines in rows with their numbers": (
        channel.Reply(lines=("2 papers:",), items=TWO, first=7),
        deliveries.chat(),
        [f'^2 papers:\n\n7 <a href="https://arxiv.org/abs/{TWO[0].paper.paper.key}"><u>Paper</u> 1</a> — ', "\n\n8 <a"],
        [],
    ),
    "one card has no number": (
        channel.Reply(items=(deliveries.item(),), item_layout="card"),
        deliveries.chat(),
        ["^<b><a"],
        [],
    ),
    "several have": (
        channel.Reply(items=deliveries.items(2), item_layout="card"),
        deliveries.chat(),
        ["^1 <b><a", "\n\n2 <b><a"],
        [],
    ),
    "a card says something where a chat wants but titles": (
        channel.Reply(items=(deliveries.item(summaries={"en": "Short."}),), item_layout="card"),
        deliveries.chat(text="titles"),
        ["AI: Short."],
        [],
    ),
    "the whole paper names what it tells, and leaves out what says nothing": (
        WHOLE,
        deliveries.chat(),
        [
            "Author 0, Author 1, Author 2, Author 3, Author 4, Author 5, Author 6, Author 7, Author 8 · ",
            "<code>cs.LG, cs.CV, cs.AI, stat.ML, q-bio.NC</code>",
            "<b>In short</b>\nAI: In a word.\n\n<b>Method</b>\nAI: By hand.\n\n<b>Outlook</b>\nAI: Good.",
            f"<b>Abstract</b>\n{deliveries.ABSTRACT}\n\n<b>Comment</b>\n9 pages",
        ],
        ["Result"],
    ),
    "the whole paper in Chinese": (WHOLE, deliveries.chat(lang="zh"), ["一句话"], ["In a word"]),
    "a translation is no summary": (
        channel.Reply(items=(TRANSLATED,), item_layout="whole"),
        deliveries.chat(lang="zh"),
        ["噪声", "摘要的译文。", deliveries.ABSTRACT],
        ["AI: 摘要的译文"],
    ),
    "no translation for an English chat": (
        channel.Reply(items=(TRANSLATED,), item_layout="whole"),
        deliveries.chat(),
        [],
        ["摘要的译文"],
    ),
    "why shows each subscription with its passages": (
        channel.Reply(
            items=(
                deliveries.item(
                    "Noise, Step by Step",
                    deliveries.because("noise -survey", "Noise", number=4),
                    deliveries.because('author:"Ada Example" OR cs.LG', "Ada Example", number=2, name="Ada"),
                ),
            ),
            item_layout="why",
        ),
        deliveries.chat(),
        [
            (
                "\n\n<b>4  noise -survey</b>\n"
                "<i>in the title:</i> <u>Noise</u>, Step by Step\n"
                "<i>in the abstract:</i> We look at <u>noise</u>. It goes away step by step. What is left is a picture.\n\n"
                "<b>2  Ada</b>\n"
                "<i>author:</i> <u>Ada Example</u>\n"
                "<i>category:</i> <u>cs.\u2060LG</u>$"
            )
        ],
        [],
    ),
    "why tells the words when the paper changed": (
        why_of(deliveries.because("gone", "a word", number=3)),
        deliveries.chat(),
        ["“a word”"],
        [],
    ),
    "why tells the words when the language changed": (
        why_of(deliveries.because('author:"', "a word", number=3)),
        deliveries.chat(),
        ["“a word”"],
        [],
    ),
    "in public why names no subscription": (
        why_of(deliveries.because("noise", number=3), title="Noise"),
        deliveries.chat(kind=model.ChatKind.BROADCAST),
        ["<i>in the title:</i> <u>Noise</u>"],
        ["3  noise"],
    ),
    "a thread in an answer is a digest": (
        channel.Reply(delivery=deliveries.delivery(deliveries.team(), deliveries.items(6))),
        deliveries.team(),
        [f"Paper {n}" for n in range(1, 7)],
        [],
    ),
    "a delivery in an answer speaks as its own chat reads it": (
        channel.Reply(
            lines=("The channel gets:",),
            delivery=deliveries.delivery(
                deliveries.chat(kind=model.ChatKind.BROADCAST, lang="zh"),
                deliveries.items(2, deliveries.because("secret wish")),
            ),
        ),
        deliveries.chat(),
        ["1月22日"],
        ["secret wish"],
    ),
    "an empty delivery is a line in an answer": (
        channel.Reply(delivery=deliveries.delivery(deliveries.chat())),
        deliveries.chat(),
        ["None of 180 papers"],
        [],
    ),
    "a notice is a line in an answer": (
        channel.Reply(
            delivery=deliveries.delivery(
                deliveries.chat(), kind=model.DeliveryKind.NOTICE, notice="dead", detail={"count": "3"}
            )
        ),
        deliveries.chat(),
        ["3"],
        [],
    ),
}


@pytest.mark.parametrize("case", SHOWN)
def test_the_message_of_a_reply(case: str) -> None:
    reply, to, has, lacks = SHOWN[case]
    (message,) = rendered.render_reply(reply, to)
    text = f"^{deliveries.written(message)}$"
    assert [one for one in has if one not in text] == []
    assert [one for one in lacks if one in text] == []


def test_a_refusal_has_a_plain_form_and_is_silent_in_a_group() -> None:
    messages = [
        *rendered.render_reply(REFUSED, deliveries.chat()),
        *rendered.render_reply(REFUSED, deliveries.chat(kind=model.ChatKind.GROUP)),
    ]
    assert [deliveries.payload(one)["silent"] for one in messages] == [False, True]
    assert json.loads(messages[0].plain)["text"] == f"{REFUSAL}\n-survey <x>\n^\nfor example: diffusion -survey"
    (page,) = rendered.render_reply(REFUSED, deliveries.chat("web"))
    assert "<pre>-survey &lt;x&gt;\n^</pre>" in str(deliveries.payload(page)["html"])


def test_a_reply_without_words_is_no_message() -> None:
    assert rendered.render_reply(channel.Reply(lines=("", " ")), deliveries.chat()) == ()


def test_buttons_are_links_or_ids() -> None:
    row = (channel.Button(label="undo", data="x1"), channel.Button(label="more", url="https://t.me/x"))
    reply = channel.Reply(lines=("Done.",), buttons=((), row))
    assert deliveries.payload(rendered.render_reply(reply, deliveries.chat())[0])["buttons"] == [
        [{"text": "undo", "data": "x1"}, {"text": "more", "url": "https://t.me/x"}]
    ]
    block = json.loads(rendered.render_reply(reply, deliveries.team())[0].payload)["blocks"][-1]
    assert block["type"] == "actions"
    assert [element.get("value", element.get("url")) for element in block["elements"]] == ["x1", "https://t.me/x"]
    assert (
        deliveries.written(rendered.render_reply(reply, deliveries.chat("console"))[0])
        == "Done.\nmore: https://t.me/x\n[undo]"
    )
    assert '<button type="submit" name="press" value="x1">undo</button>' in rendered.render_reply(
        reply, deliveries.chat("web")
    )[0].payload.replace('\\"', '"')


@pytest.mark.parametrize(
    "to", [deliveries.chat(), deliveries.team(), deliveries.chat("console")], ids=["telegram", "slack", "console"]
)
def test_a_long_answer_loses_nothing(to: object) -> None:
    lines = tuple(f"line {number} " + "x" * 90 for number in range(400))
    code = tuple(f"code {number} " + "y" * 2500 for number in range(5))
    messages = rendered.render_reply(channel.Reply(lines=lines, code=code, ok=True), to)  # type: ignore[arg-type]
    text = "".join(map(deliveries.written, messages))
    assert all(line.split(" x")[0] in text for line in lines)
    assert text.count("y") >= 5 * 2500


# ----------------------------------------------------------------------------------------------------------- papers

EVERY_CHAT = [deliveries.chat(), deliveries.team(), deliveries.chat("console"), deliveries.chat("web")]
NAMES = ["telegram", "slack", "console", "web"]


def keys_of(message: model.Message) -> list[str]:
    return [key["data"] for row in json.loads(message.payload).get("buttons", []) for key in row]


@pytest.mark.parametrize("to", EVERY_CHAT, ids=NAMES)
@pytest.mark.parametrize("form", ["row", "card", "whole", "why"])
def test_every_paper_of_an_answer_has_its_link(to: model.Chat, form: Any) -> None:
    found = deliveries.items(3)
    messages = rendered.render_reply(channel.Reply(lines=("Found:",), items=found, item_layout=form), to)
    for entry in found:
        link = f"https://arxiv.org/abs/{entry.paper.paper.arxiv_id}"
        assert any(link in message.payload for message in messages)
        assert any(link in message.plain for message in messages)


def test_numbers_are_below_their_papers_other_buttons_last() -> None:
    numbers = tuple(channel.Button(label=str(n), data=f"n{n}") for n in range(20))
    more = (channel.Button(label="more", data="m"),)
    messages = rendered.render_reply(
        channel.Reply(items=deliveries.items(20), numbers=numbers, buttons=(more,)), deliveries.chat()
    )
    assert [keys_of(message) for message in messages] == [
        [f"n{n}" for n in range(16)],
        [*(f"n{n}" for n in range(16, 20)), "m"],
    ]
    long = deliveries.items(10, title="A title of many letters " * 20)
    several = rendered.render_reply(channel.Reply(items=long, numbers=numbers[:10]), deliveries.chat())
    assert len(several) > 1
    for message in several:
        shown = [n for n, entry in enumerate(long) if str(entry.paper.paper.arxiv_id) in message.payload]
        assert keys_of(message) == [f"n{n}" for n in shown]


def test_on_slack_the_number_of_a_paper_stands_beside_it() -> None:
    numbers = tuple(channel.Button(label=str(n), data=f"n{n}") for n in range(60))
    messages = rendered.render_reply(
        channel.Reply(items=deliveries.items(60, model.Because(number=0, text="")), numbers=numbers), deliveries.team()
    )
    values = [
        block["accessory"]["value"]
        for message in messages
        for block in json.loads(message.payload)["blocks"]
        if "accessory" in block
    ]
    assert values == [button.data for button in numbers]


# how many columns a button's label has in Telegram at 390 px, by the number of buttons in its row
PHONE = {1: 40, 2: 18, 3: 11, 4: 8}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("layout", ["card", "whole", "rest", "buttons"])
@pytest.mark.parametrize("known", [{}, {"arxiv_id": None, "doi": "10.1/x"}, {"arxiv_id": None}, {"authors": ()}])
def test_a_card_has_at_most_two_rows_whose_labels_fit_on_a_phone(lang: str, layout: Any, known: dict[str, Any]) -> None:
    opens = channel.Button(label="1", data="x" * 16, arguments={"whole": layout == "whole"})
    reply = channel.Reply(items=(deliveries.item("Noise", **known),), item_layout=layout, numbers=(opens,))
    *_, message = rendered.render_reply(reply, deliveries.chat(lang=lang))
    rows = json.loads(message.payload)["buttons"]
    assert len(rows) <= (3 if layout == "rest" else 2)
    last = {"en": "‹ back", "zh": "‹ 返回"}[lang] if layout == "rest" else "⋯"
    assert rows[-1][-1]["text"] == last
    assert all(width(key["text"]) <= PHONE[len(row)] for row in rows for key in row)


@pytest.mark.parametrize("to", EVERY_CHAT, ids=NAMES)
def test_a_whole_paper_of_any_length_is_told_whole(to: model.Chat) -> None:
    abstract = " ".join(f"This is sentence number {n} & it has <signs>." for n in range(150))
    shown = looked_at(abstract=abstract, authors=tuple(f"Author N{n}" for n in range(3000)))
    messages = rendered.render_reply(channel.Reply(items=(shown,), item_layout="whole"), to)
    text = " ".join(map(deliveries.written, messages)) if to.address.platform != "web" else messages[0].payload
    assert all(f"number {n} " in text for n in range(150))
    assert "(3,000)" in text
    plain = " ".join(json.loads(message.plain)["text"] for message in messages)
    assert all(f"number {n} " in plain for n in range(150))


def test_a_passage_can_be_read_at_a_glance() -> None:
    abstract = (
        "Before it much is said of other things. " * 30 + "Here is noise. " + "After it, too, a lot is said. " * 30
    )
    entry = deliveries.item("Steps", deliveries.because("noise", number=1), abstract=abstract)
    text = deliveries.written(
        rendered.render_reply(channel.Reply(items=(entry,), item_layout="why"), deliveries.chat())[0]
    )
    passage = text.partition("in the abstract:</i> ")[2]
    assert passage.startswith("…")
    assert passage.endswith("…")
    assert "Here is <u>noise</u>." in passage
    assert len(passage) < 260


def test_a_delivery_in_an_answer_looks_as_it_would_be_sent() -> None:
    planned = deliveries.delivery(deliveries.chat(), deliveries.items(3))
    (message,) = rendered.render_reply(channel.Reply(lines=("Would come:",), delivery=planned), deliveries.chat())
    assert (
        deliveries.written(message)
        == "Would come:\n\n"
        + deliveries.rendered(deliveries.delivery(deliveries.chat(buttons="off"), planned.items))[0]
    )
    # the message was sent to no chat, so its papers have no numbers that a person could press
    assert keys_of(message) == []


def test_a_long_delivery_in_an_answer_has_its_own_messages() -> None:
    planned = deliveries.delivery(
        deliveries.chat(), deliveries.items(60, title="A title that takes its room in a message, word by word")
    )
    subscribe = (channel.Button(label="subscribe", data="s"),)
    messages = rendered.render_reply(
        channel.Reply(lines=("Would come:",), delivery=planned, buttons=(subscribe,)), deliveries.chat()
    )
    assert deliveries.written(messages[0]) == "Would come:"
    assert "· 1/2" in deliveries.written(messages[1])
    assert [keys_of(message) for message in messages] == [[], [], ["s"]]


# ---------------------------------------------------------------------------------------------------------- notices

DETAILS = {
    "paused": {"chat": "telegram:-100", "reason": "gone"},
    "moved": {"chat": "telegram:-5", "to": "telegram:-100"},
    "resumed": {"chat": "telegram:-100"},
    "dead": {"count": "3", "reason": "Message is too long", "chat": "telegram:42", "ids": "abc def"},
    "stopped": {"platform": "telegram", "gone": "12", "of": "50"},
    "clock": {"count": "3"},
    "new-bot": {"platform": "slack"},
    "source": {"source": "daily", "reason": "404 Not Found", "since": "Mon 19 Jan"},
    "overdue": {"source": "daily", "since": "Mon 19 Jan", "reason": "a holiday"},
    "source-back": {"source": "daily"},
    "missed": {"source": "daily", "days": MISSED, "given_up": "1"},
    "filed": {"source": "daily", "days": "2026-01-05/2026-01-07", "papers": "41"},
    "summaries": {"source": "daily", "failed_summaries": "40", "papers": "56"},
    "nothing-found": {"known": "2061", "days": "5"},
    "went-without": {"chat": "Daily vision", "names": "arXiv"},
    "quiet-day": {"chat": "Daily vision"},
    "topic-closed": {"subscriptions": "diffusion · graphs"},
    "topic-gone": {"subscriptions": "diffusion · graphs"},
    "subscriber-left": {"chat": "a lab"},
    "orphaned": {"subscriptions": "1 diffusion", "who": "Ann", "number": "1"},
    "waiting": {"platform": "telegram", "count": "41", "reason": "No connection to Telegram"},
    "version": {"version": "0.3.0", "before": "0.2.0"},
    "asked": {"chat": "telegram:43", "title": "Reading group", "who": "Ada Example", "request": "diffusion -survey"},
    "admitted": {"count": "3"},
    "denied": {},
    "confirm": {},
}


@pytest.mark.parametrize("cause", NOTICES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_notice_tells_its_details_in_both_languages(cause: str, lang: str) -> None:
    (text,) = deliveries.rendered(
        deliveries.delivery(
            deliveries.chat(lang=lang), kind=model.DeliveryKind.NOTICE, notice=cause, detail=DETAILS[cause]
        )
    )
    assert text.startswith("<b>")
    known = {"paused": {"reason"}, "missed": {"days", "given_up"}, "filed": {"days"}}.get(cause, set())
    for name, value in DETAILS[cause].items():
        shown = {"2061": "2,061", "telegram": "Telegram", "slack": "Slack"}.get(value, value)
        assert shown in text or name in known
    assert ("。" in text) == (lang == "zh")


@pytest.mark.parametrize("cause", [*NOTICES, "something new"])
def test_a_notice_without_details_is_still_a_sentence(cause: str) -> None:
    (message,) = rendered.render_delivery(
        deliveries.delivery(deliveries.chat(), kind=model.DeliveryKind.NOTICE, notice=cause)
    )
    assert len(deliveries.written(message)) > 10
    assert "{" not in deliveries.written(message)


def test_an_unknown_language_speaks_english() -> None:
    assert translator("eo")("Nothing is lost.") == "Nothing is lost."
    assert translator("zh-Hans")("Nothing is lost.") != "Nothing is lost."


PLOT = channel.Plot(
    title="Papers <of> two days",
    labels=("01-01", "01-02"),
    rows=(channel.PlotRow(name="came: 4", amounts=(0, 4)), channel.PlotRow(name="saved & read", amounts=(1, 0))),
)


def rendered_plot(platform: str) -> model.Message:
    (message,) = rendered.render_reply(channel.Reply(lines=("4 papers came.",), plot=PLOT), deliveries.chat(platform))
    return message


@pytest.mark.parametrize("platform", ["telegram", "slack", "console"])
def test_elsewhere_it_is_text(platform: str) -> None:
    said = json.dumps(json.loads(rendered_plot(platform).payload), ensure_ascii=False)
    for line in ("4 papers came.", "came: 4", "·█", "█·", "01-01"):
        assert line in said
    assert "svg" not in said


def test_on_the_page_it_is_a_picture_with_a_name() -> None:
    message = rendered_plot("web")
    html = json.loads(message.payload)["html"]
    svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
    picture = ET.fromstring(svg)  # noqa: S314 - our own
    assert (picture.get("role"), picture.get("aria-label")) == ("img", PLOT.title)
    assert [bar.findtext("title") for bar in picture.iter("rect")] == ["01-02: 4", "01-01: 1"]
    assert {"came: 4", "saved & read"} <= {text.text for text in picture.iter("text")}
    assert "█" in json.loads(message.plain)["text"], "who gets the plain form reads it as text"
    assert "style=" not in svg, "the page forbids it"
