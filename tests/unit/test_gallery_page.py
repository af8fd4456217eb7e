"""The gallery's page: complete, self-contained, and safe for any title of a paper."""

import json
from dataclasses import replace
from html import escape

import pytest

from bot.demo.gallery import Exhibit, Frame, ShownSubscription, gallery_page, shown_messages
from bot.demo.story import PersonMessage
from bot.rendering.language import Language
from subscriptions.model import ChatKind
from tests.html_page import HtmlPage
from tests.rendered import render_delivery
from tests.unit import deliveries as make
from tests.unit.deliveries import NINE, TELEGRAM, Post

ENGLISH = Language("en", "UTC")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><h1>mine</h1>",
    "{{ 7 * 7 }} {% include 'x' %}",
    "javascript:alert(1) <a href='https://evil.example'>x</a>",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "]]> <!-- a comment --> <?php",
)


FRAME = Frame(
    title="What came",
    lead="Two papers.",
    note="All made up.",
    steps=(("Go on", "paperwire run"),),
    other=("zh", "z.html", "中文"),
)


def page_of(*exhibits: Exhibit, frame: Frame = FRAME) -> HtmlPage:
    page = HtmlPage(gallery_page(exhibits, frame, ENGLISH))
    assert page.complaints == []
    return page


def exhibit_of(platform: str, title: str) -> Exhibit:
    """A chat that received a paper of this title, through the real rendering."""
    kind = ChatKind.TEAM if platform == "slack" else ChatKind.PRIVATE
    chat = make.chat(platform, kind, title=title)
    paper = make.item(title, make.because(title, name=title), abstract=f"{title}. {title}", authors=(title,))
    messages = render_delivery(make.delivery(chat, [paper]))
    posts = [Post(payload=message.payload, id=str(message.number)) for message in messages]
    return replace(TELEGRAM, platform=platform, title=title, detail=title, who=title, posts=posts)


@pytest.mark.parametrize("platform", ["telegram", "slack", "console"])
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stays_text(platform: str, title: str) -> None:
    page = page_of(exhibit_of(platform, title))
    assert [link for link in page.links if not link.startswith(("https://", "#", "z.html"))] == []
    assert "alert" not in page.style


def test_a_hostile_title_is_read_as_it_was_written() -> None:
    title = '<b onclick="x">A & B</b>'
    page = page_of(exhibit_of("console", title))
    assert page.text.count(title) >= 3


@pytest.mark.parametrize("markup", [*HOSTILE, *map(escape, HOSTILE)])
def test_a_payload_is_never_trusted(markup: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": markup}}, {"type": "context", "elements": []}]
    for platform, payload in (
        ("telegram", {"text": f"a {markup}", "buttons": [[{"text": markup, "url": "javascript:alert(1)"}]]}),
        ("slack", {"text": markup, "blocks": blocks}),
        ("console", {"text": markup}),
    ):
        posts = (Post(payload=json.dumps(payload)),)
        page = page_of(replace(TELEGRAM, platform=platform, posts=posts))
        assert not [link for link in page.links if link.startswith("javascript")]


def test_the_words_around_the_chats_are_text_as_well() -> None:
    hostile = HOSTILE[0]
    frame = replace(FRAME, title=hostile, lead=hostile, note=hostile, steps=((hostile, hostile),))
    page = page_of(
        replace(TELEGRAM, who=hostile, remark=hostile, asks=(ShownSubscription(query=hostile, who=hostile),)),
        frame=frame,
    )
    assert page.text.count(hostile) >= 9


def test_a_title_with_a_hit_is_one_link() -> None:
    payload = json.dumps({"text": '<a href="https://arxiv.org/abs/2601.00001">Noise, <u>Step</u> by Step</a>'})
    page = page_of(replace(TELEGRAM, posts=(Post(payload=payload),)))
    assert [link for link in page.links if "arxiv" in link] == ["https://arxiv.org/abs/2601.00001"]
    assert "Noise, Step by Step" in page.text


def test_every_chat_has_its_own_language_and_clock() -> None:
    chinese = replace(TELEGRAM, anchor="two", language="zh", timezone="Asia/Shanghai")
    assert [(s.day, s.time) for s in shown_messages(TELEGRAM)] == [("Fri 23 Jan", "09:00")]
    assert [(s.day, s.time) for s in shown_messages(chinese)] == [("1月23日 周五", "16:00")]
    page = page_of(TELEGRAM, chinese)
    assert page.languages[0] == "en"
    assert page.languages.count("zh") == 2  # the chat, and the name of the other page


def test_replies_stand_under_the_message_they_answer() -> None:
    def post(number: str, text: str, thread: str | None = None) -> Post:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        return Post(payload=json.dumps({"text": text, "blocks": blocks}), id=number, thread=thread)

    posts = (post("1", "first"), post("2", "second"), post("3", "to first", "1"), post("4", "to first, too", "1"))
    exhibit = replace(TELEGRAM, platform="slack", posts=posts)
    assert [(s.display.paragraphs[0].text, len(s.replies)) for s in shown_messages(exhibit)] == [
        ("first", 2),
        ("second", 0),
    ]
    text = page_of(exhibit).text
    assert text.index("2 replies") < text.index("to first") < text.index("to first, too") < text.index("second")


def test_silence_a_change_and_buttons_can_be_seen() -> None:
    payload = json.dumps({"text": "x", "silent": True, "buttons": [[{"text": "show 5 more", "data": "id"}]]})
    page = page_of(replace(TELEGRAM, posts=(Post(payload=payload, edited=True),)))
    for words in ("sent without a sound", "edited", "show 5 more"):
        assert words in page.text


@pytest.mark.parametrize("words", ["/sub diffusion at 8", *HOSTILE])
def test_a_persons_words_are_on_their_side_between_answers(words: str) -> None:
    posts = (PersonMessage(text=words, at=NINE), Post(payload=json.dumps({"text": "✓ 1"})))
    exhibit = replace(TELEGRAM, posts=posts, asks=(), when="")
    html = gallery_page([exhibit], FRAME, ENGLISH)
    page = HtmlPage(html)
    assert page.complaints == []
    assert page.text.index(words) < page.text.index("✓ 1")
    assert html.count("post mine") == 1
    assert "Subscriptions" not in html


def test_the_button_that_was_pressed_can_be_told() -> None:
    keys = [[{"text": "why", "data": "one"}, {"text": "exclude", "data": "two"}]]
    posts = (Post(payload=json.dumps({"text": "x", "buttons": keys})),)
    html = gallery_page([replace(TELEGRAM, posts=posts, pressed=frozenset({"two"}))], FRAME, ENGLISH)
    assert '<span>why</span><span class="pressed">exclude</span>' in html


def test_a_quotation_can_be_unfolded_without_a_script() -> None:
    payload = json.dumps({"text": "x\n<blockquote expandable>the whole abstract</blockquote>"})
    html = gallery_page([replace(TELEGRAM, posts=(Post(payload=payload),))], FRAME, ENGLISH)
    assert HtmlPage(html).complaints == []
    assert "<details><summary>" in html
