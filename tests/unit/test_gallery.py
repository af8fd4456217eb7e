"""The gallery: its page, its messages as platforms show them, and the picture of a screen."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot import demo
from bot.platforms import medium_of
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.model import ChatKind
from tests.html_page import HtmlPage
from tests.rendered import render_delivery
from tests.unit import deliveries as make

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


def page_of(*exhibits: demo.Exhibit) -> HtmlPage:
    written = demo.gallery_page(exhibits, "All made up.", ENGLISH)
    assert HtmlPage(without_mails(written)).complaints == []
    return HtmlPage(written)


def without_mails(page: str) -> str:
    """Returns a page without its mails, which are tables with styles in their elements."""
    return re.sub(r'<table role="presentation" class="mailed">.*?</tbody></table>', "", page, flags=re.DOTALL)


def exhibit_of(platform: str, title: str) -> demo.Exhibit:
    """Returns a chat that received a paper with this title, rendered by the real code."""
    kind = ChatKind.TEAM if platform == "slack" else ChatKind.PRIVATE
    paper = make.item(title, make.because(title, name=title), abstract=f"{title}. {title}", authors=(title,))
    delivery = make.delivery(make.chat(platform, kind, title=title), [paper])
    posts = [make.Post(payload=message.payload, id=str(message.number)) for message in render_delivery(delivery)]
    return replace(make.TELEGRAM, platform=platform, title=title, detail=title, who=said(title)), posts


def said(text: str) -> Sentence:
    return Sentence("{text}", {"text": text})


@pytest.mark.parametrize("platform", ["telegram", "slack", "email", "web"])
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stays_text(platform: str, title: str) -> None:
    page = page_of(exhibit_of(platform, title))
    assert [link for link in page.links if not link.startswith(("https://", "#", "index"))] == []
    assert "alert" not in page.style


def shown(platform: str, payload: Mapping[str, object]) -> list[str]:
    """Returns the blocks of a message as HTML, with [shape] before each one that is not ordinary text."""
    blocks = medium_of(platform).display(payload).blocks
    return [one.html if one.shape == "text" else f"[{one.shape}] {one.html}" for one in blocks]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("*bold* ~gone~", "<b>bold</b> <s>gone</s>"),
        ("a*b*c, 2 * 3 * 4, snake_case_name", "a*b*c, 2 * 3 * 4, snake_case_name"),
        ("<https://a.org/x|A *hit* inside>", '<a href="https://a.org/x">A <b>hit</b> inside</a>'),
        ("~<https://a.org/x|A title>~", '<s><a href="https://a.org/x">A title</a></s>'),
        ("<https://a.org/?a=1&amp;b=2>", '<a href="https://a.org/?a=1&amp;b=2">https://a.org/?a=1&amp;b=2</a>'),
        ('<https://a.org/"x|y>', '<a href="https://a.org/%22x">y</a>'),
        ("so:\n```\na &lt; b *c*\n```", "so:\n<pre>a &lt; b *c*</pre>"),
    ],
)
def test_the_marks_of_slack_become_html(text: str, seen: str) -> None:
    assert shown("slack", {"blocks": [{"type": "section", "text": {"text": text}}]}) == [seen]
