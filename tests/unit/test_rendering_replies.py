"""Answers to people, and news about the service itself."""

import json

import pytest

from bot.ports import Button, Reply
from bot.rendering import render_delivery, render_reply, translator
from bot.rendering.notices import NOTICES
from subscriptions import ChatKind, Kind
from tests.unit.deliveries import chat, delivery, payload, rendered, team, written

REFUSED = Reply(
    lines=("This only excludes. Say also what you want:", "for example: diffusion -survey"),
    ok=False,
    code=("-survey <x>", "^"),
)


def test_a_refusal_shows_the_query_and_its_caret_in_fixed_width() -> None:
    (message,) = render_reply(REFUSED, chat())
    assert payload(message) == {
        "text": "✗ This only excludes. Say also what you want:\n"
        "<pre>-survey &lt;x&gt;\n^</pre>\n"
        "for example: diffusion -survey",
        "silent": False,
    }
    assert json.loads(message.plain)["text"] == (
        "✗ This only excludes. Say also what you want:\n-survey <x>\n^\nfor example: diffusion -survey"
    )


def test_the_same_refusal_on_slack_and_on_the_web() -> None:
    assert written(render_reply(REFUSED, team())[0]) == (
        "✗ This only excludes. Say also what you want:\n```\n-survey &lt;x&gt;\n^\n```\nfor example: diffusion -survey"
    )
    html = payload(render_reply(REFUSED, chat("web"))[0])["html"]
    assert "<pre>-survey &lt;x&gt;\n^</pre>" in str(html)


def test_a_change_is_ticked_and_a_plain_answer_is_not() -> None:
    assert written(render_reply(Reply(lines=("4  diffusion",), ok=True), chat())[0]) == "✓ 4  diffusion"
    assert written(render_reply(Reply(lines=("Hello.",)), chat())[0]) == "Hello."
    assert render_reply(Reply(lines=("", " ")), chat()) == ()


def test_commands_stay_commands_and_categories_are_no_hosts() -> None:
    (message,) = render_reply(Reply(lines=("/sub diffusion cat:cs.CL",)), chat())
    assert written(message) == "/sub diffusion cat:cs.\u2060CL"


def test_buttons_are_links_or_ids() -> None:
    row = (Button(label="undo", data="x1"), Button(label="more", url="https://t.me/x"))
    reply = Reply(lines=("Done.",), buttons=((), row))
    assert payload(render_reply(reply, chat())[0])["buttons"] == [
        [{"text": "undo", "data": "x1"}, {"text": "more", "url": "https://t.me/x"}]
    ]
    block = json.loads(render_reply(reply, team())[0].payload)["blocks"][-1]
    assert block["type"] == "actions"
    assert [element.get("value", element.get("url")) for element in block["elements"]] == ["x1", "https://t.me/x"]
    assert written(render_reply(reply, chat("console"))[0]) == "Done.\n[undo]  [more]"
    assert '<button type="submit" name="press" value="x1">undo</button>' in render_reply(reply, chat("web"))[
        0
    ].payload.replace('\\"', '"')


def test_in_a_group_answers_are_silent() -> None:
    assert payload(render_reply(REFUSED, chat(kind=ChatKind.GROUP))[0])["silent"] is True


@pytest.mark.parametrize("to", [chat(), team(), chat("console")], ids=["telegram", "slack", "console"])
def test_a_long_answer_loses_nothing(to: object) -> None:
    lines = tuple(f"line {number} " + "x" * 90 for number in range(400))
    code = tuple(f"code {number} " + "y" * 2500 for number in range(5))
    messages = render_reply(Reply(lines=lines, code=code, ok=True), to)  # type: ignore[arg-type]
    text = "".join(map(written, messages))
    assert all(line.split(" x")[0] in text for line in lines)
    assert text.count("y") >= 5 * 2500


# ---------------------------------------------------------------------------------------------------------- notices

DETAILS = {
    "paused": {"chat": "telegram:-100", "reason": "blocked", "waiting": "14"},
    "moved": {"chat": "telegram:-5", "to": "telegram:-100"},
    "resumed": {"waiting": "14", "since": "Mon 19 Jan"},
    "dead": {"count": "3", "reason": "Message is too long", "chat": "telegram:42", "ids": "abc def"},
    "stopped": {"platform": "telegram", "gone": "12", "of": "50", "waiting": "7"},
    "new-bot": {"platform": "slack"},
    "source": {"source": "daily", "reason": "404 Not Found", "count": "5", "since": "Mon 19 Jan"},
    "overdue": {"source": "daily", "since": "Mon 19 Jan"},
    "nothing-found": {"known": "2061", "days": "5"},
}


@pytest.mark.parametrize("cause", NOTICES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_notice_tells_its_details_in_both_languages(cause: str, lang: str) -> None:
    (text,) = rendered(delivery(chat(lang=lang), kind=Kind.NOTICE, notice=cause, detail=DETAILS[cause]))
    assert text.startswith("<b>")
    known = {"reason"} if cause == "paused" else set()
    for name, value in DETAILS[cause].items():
        told = {"2061": "2,061", "telegram": "Telegram", "slack": "Slack"}.get(value, value)
        assert told in text or name in known
    assert ("。" in text) == (lang == "zh")


@pytest.mark.parametrize("cause", [*NOTICES, "something new"])
def test_a_notice_without_details_is_still_a_sentence(cause: str) -> None:
    (message,) = render_delivery(delivery(chat(), kind=Kind.NOTICE, notice=cause))
    assert len(written(message)) > 10
    assert "{" not in written(message)


def test_a_notice_without_words_of_its_own_shows_the_text_it_was_given() -> None:
    told = delivery(chat(), kind=Kind.NOTICE, notice="something new", detail={"text": "<b>News</b> & @more"})
    assert rendered(told) == ["<b>&lt;b&gt;News&lt;/b&gt; &amp; @\u2060more</b>"]


def test_a_pause_names_its_reason() -> None:
    told = delivery(team(), kind=Kind.NOTICE, notice="paused", detail={"chat": "slack:C1", "reason": "archived"})
    (text,) = rendered(told)
    assert text == (
        "*slack:C1 is paused.*\nThe channel was archived.\n"
        "Nothing is lost: it goes on by itself when the bot can write there again."
    )


def test_an_unknown_language_speaks_english() -> None:
    assert translator("eo")("Nothing is lost.") == "Nothing is lost."
    assert translator("zh-Hans")("Nothing is lost.") != "Nothing is lost."
