"""The gallery: its page, its messages as platforms show them, and the picture of a screen."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from bot import demo
from bot.demo.story import PersonMessage
from bot.platforms.known import look_of
from bot.rendering import appearance
from bot.rendering.terminal import wrapped
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


FRAME = demo.Frame(
    title="What came",
    lead="Two papers.",
    note="All made up.",
    steps=(("Go on", "paperwire run"),),
    other=("zh", "z.html", "中文"),
)


def page_of(*exhibits: demo.Exhibit, frame: demo.Frame = FRAME) -> HtmlPage:
    written = demo.gallery_page(exhibits, frame, ENGLISH)
    assert HtmlPage(without_mails(written)).complaints == []
    return HtmlPage(written)


def without_mails(page: str) -> str:
    """Returns a page without its mails, which are tables with styles in their elements."""
    return re.sub(r'<table role="presentation" class="mailed">.*?</tbody></table>', "", page, flags=re.DOTALL)


def exhibit_of(platform: str, title: str) -> demo.Exhibit:
    """Returns a chat that received a paper with this title, rendered by the real code."""
    chat = make.chat(platform, ChatKind.TEAM if platform == "slack" else ChatKind.PRIVATE, title=title)
    paper = make.item(title, make.because(title, name=title), abstract=f"{title}. {title}", authors=(title,))
    posts = [
        make.Post(payload=message.payload, id=str(message.number))
        for message in render_delivery(make.delivery(chat, [paper]))
    ]
    return replace(make.TELEGRAM, platform=platform, title=title, detail=title, who=title, posts=posts)


@pytest.mark.parametrize("platform", ["telegram", "slack", "email", "web"])
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stays_text(platform: str, title: str) -> None:
    page = page_of(exhibit_of(platform, title))
    assert [link for link in page.links if not link.startswith(("https://", "#", "z.html"))] == []
    assert "alert" not in page.style


@pytest.mark.parametrize("markup", [*HOSTILE, *map(escape, HOSTILE)])
def test_a_payload_is_never_trusted(markup: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": markup}}, {"type": "context", "elements": []}]
    for platform, payload in (
        ("telegram", {"text": f"a {markup}", "buttons": [[{"text": markup, "url": "javascript:alert(1)"}]]}),
        ("slack", {"text": markup, "blocks": blocks}),
    ):
        posts = (make.Post(payload=json.dumps(payload)),)
        page = page_of(replace(make.TELEGRAM, platform=platform, posts=posts))
        assert not [link for link in page.links if link.startswith("javascript")]


def test_the_words_around_the_chats_are_text_as_well() -> None:
    hostile = HOSTILE[0]
    frame = replace(FRAME, title=hostile, lead=hostile, note=hostile, steps=((hostile, hostile),))
    page = page_of(
        replace(
            make.TELEGRAM,
            shared=True,
            who=hostile,
            remark=hostile,
            asks=(hostile,),
        ),
        frame=frame,
    )
    assert page.text.count(hostile) >= 8


def test_every_chat_has_its_own_language_and_clock() -> None:
    chinese = replace(make.TELEGRAM, anchor="two", language="zh", timezone="Asia/Shanghai")
    assert [(s.day, s.time) for s in demo.shown_messages(make.TELEGRAM)] == [("Fri 23 Jan", "09:00")]
    assert [(s.day, s.time) for s in demo.shown_messages(chinese)] == [("1月23日 周五", "16:00")]
    page = page_of(make.TELEGRAM, chinese)
    # Chinese is the language of the chat, and of the name of the other page
    assert (page.languages[0], page.languages.count("zh")) == ("en", 2)


def test_replies_stand_under_the_message_they_answer() -> None:
    def post(number: str, text: str, thread: str | None = None) -> make.Post:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        return make.Post(payload=json.dumps({"text": text, "blocks": blocks}), id=number, thread=thread)

    exhibit = replace(
        make.TELEGRAM,
        platform="slack",
        posts=(post("1", "first"), post("2", "second"), post("3", "to first", "1"), post("4", "to first, too", "1")),
    )
    assert [(s.display.paragraphs[0].text, len(s.replies)) for s in demo.shown_messages(exhibit)] == [
        ("first", 2),
        ("second", 0),
    ]
    text = page_of(exhibit).text
    assert text.index("2 replies") < text.index("to first") < text.index("to first, too") < text.index("second")


def test_what_a_message_has_can_be_seen_without_a_script() -> None:
    payload = {
        "text": "x\n<blockquote expandable>the whole abstract</blockquote>",
        "silent": True,
        "buttons": [[{"text": "show 5 more", "data": "one"}, {"text": "exclude", "data": "two"}]],
    }
    posts = (make.Post(payload=json.dumps(payload), edited=True),)
    html = demo.gallery_page([replace(make.TELEGRAM, posts=posts, pressed=frozenset({"two"}))], FRAME, ENGLISH)
    page = HtmlPage(html)
    assert page.complaints == []
    assert [words for words in ("sent without a sound", "edited", "show 5 more") if words not in page.text] == []
    assert '<span>show 5 more</span><span class="pressed">exclude</span>' in html
    assert "<details><summary>" in html


@pytest.mark.parametrize("words", ["/sub diffusion at 8", *HOSTILE])
def test_a_persons_words_are_on_their_side_between_answers(words: str) -> None:
    posts = (PersonMessage(text=words, at=make.NINE), make.Post(payload=json.dumps({"text": "✓ 1"})))
    html = demo.gallery_page([replace(make.TELEGRAM, posts=posts, asks=(), when="")], FRAME, ENGLISH)
    page = HtmlPage(html)
    assert page.complaints == []
    assert page.text.index(words) < page.text.index("✓ 1")
    assert html.count("post mine") == 1
    assert "Subscriptions" not in html


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("AI: 扩散模型很好。", 10, ["AI: 扩散模", "型很好。"]),
        ("用扩散，模型", 6, ["用扩", "散，模", "型"]),
        ("读（扩散）模型", 6, ["读（扩", "散）模", "型"]),
        ("  indented stays", 20, ["  indented stays"]),
        ("one\n\ntwo", 20, ["one", "", "two"]),
        ("", 20, [""]),
    ],
)
def test_lines_end_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert [line.plain for line in wrapped(Text(text), width)] == lines


@given(st.text(alphabet="ab 扩散。（“", max_size=60), st.integers(min_value=12, max_value=30))
def test_no_line_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = [line.plain for line in wrapped(Text(text), width)]
    assert all(cell_len(line) <= width for line in lines if len(line.split()) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())


def printed(
    *payloads: Mapping[str, object], width: int = 80, platform: str = "telegram", terminal: bool = False
) -> str:
    posts = [make.Post(payload=json.dumps(payload), id=str(number)) for number, payload in enumerate(payloads)]
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    demo.print_exhibit(replace(make.TELEGRAM, platform=platform, posts=posts), console)
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_chat_fits_the_terminal(width: int) -> None:
    lines = printed(
        {"text": "word " * 60 + "\n" + "扩散模型" * 30 + "\n<blockquote expandable>" + "fold " * 90 + "</blockquote>"},
        width=width,
    ).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert len({cell_len(line) for line in lines if line.startswith(("╭", "│", "╰"))}) == 1


def test_a_link_is_written_out_where_it_cannot_be_hidden() -> None:
    linked = {"text": '<a href="https://arxiv.org/abs/1">Title</a>'}
    assert "Title <https://arxiv.org/abs/1>" in printed(linked)
    on_screen = printed(linked, terminal=True)
    assert "<https://" not in on_screen
    assert "https://arxiv.org/abs/1" in on_screen  # the link of the title, in the form for terminals


def test_what_a_platform_shows_can_be_read_without_colour() -> None:
    text = printed({"text": "<b>bold</b>\x1b[2J", "silent": True, "buttons": [[{"text": "show 5 more", "data": "x"}]]})
    for words in (
        "Somebody",
        "a -b",
        "daily 09:00",
        "Telegram · paperwire (bot)",
        "Fri 23 Jan",
        "09:00",
        "sent without a sound",
        "[show 5 more]",
    ):
        assert words in text
    assert "\x1b" not in text
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "3 papers"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "one\n&gt; quoted"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
    ]
    text = printed({"text": "t", "blocks": blocks}, platform="slack")
    for words in ("Slack · #paperwire", "3 papers", "one", "│ quoted", "small"):
        assert words in text


def test_what_the_person_said_stands_on_the_right() -> None:
    out = io.StringIO()
    said = PersonMessage(text="/sub diffusion", at=make.NINE)
    demo.print_exhibit(replace(make.TELEGRAM, posts=(said,), asks=(), when=""), Console(file=out, width=60))
    (line,) = (line for line in out.getvalue().splitlines() if "/sub" in line)
    assert line.endswith("/sub diffusion │")


def display(platform: str, payload: object) -> appearance.Display:
    look = look_of(platform)
    assert look is not None
    return look.display(json.dumps(payload))


def sketch(display: appearance.Display) -> str:
    """Returns the paragraphs as text, with [shape] before each one that is not ordinary text."""
    return " / ".join(f"[{p.shape}] {p.shown}" if p.shape != "text" else p.shown for p in display.paragraphs)


@pytest.mark.parametrize(
    ("platform", "payload", "seen"),
    [
        *(
            ("telegram", {"text": html}, seen)
            for html, seen in [
                ("plain", "plain"),
                ("<b>bold</b> and <i>italic</i>", "<b>bold</b> and <i>italic</i>"),
                ('<b><a href="https://arxiv.org/abs/1">A <u>hit</u></a></b>', '<b><a href="https://arxiv.org/abs/1">A <u>hit</u></a></b>'),
                ("above\n<blockquote expandable>long</blockquote>\nbelow", "above / [folded] long / below"),
                ("so:\n<pre>a &lt; b</pre>", "so: / [code] a &lt; b"),
                ("a < b <br> <script>x</script> </b>", "a &lt; b &lt;br&gt; &lt;script&gt;x&lt;/script&gt; &lt;/b&gt;"),
                ("<b>never closed", "&lt;b&gt;never closed"),
                ("/help and /sub@a_bot, a/b, https://x.org/help", "<kbd>/help</kbd> and <kbd>/sub@a_bot</kbd>, a/b, https://x.org/help"),
                ("<b>/list</b> <code>/list</code>\n<pre>/list</pre>", "<b><kbd>/list</kbd></b> <code>/list</code> / [code] /list"),
                ('<a href="javascript:alert(1)">x</a>', '&lt;a href="javascript:alert(1)"&gt;x&lt;/a&gt;'),
                ('<a href="https://a.org" onclick="x">y</a>', '&lt;a href="https://a.org" onclick="x"&gt;y&lt;/a&gt;'),
            ]
        ),
        *(
            ("slack", {"blocks": [{"type": "section", "text": {"text": text}}]}, seen)
            for text, seen in [
                ("plain", "plain"),
                ("*bold* _italic_ ~gone~ `code`", "<b>bold</b> <i>italic</i> <s>gone</s> <code>code</code>"),
                ("a*b*c, 2 * 3 * 4, snake_case_name", "a*b*c, 2 * 3 * 4, snake_case_name"),
                ("<https://a.org/x|A *hit* inside>", '<a href="https://a.org/x">A <b>hit</b> inside</a>'),
                ("~<https://a.org/x|A title>~", '<s><a href="https://a.org/x">A title</a></s>'),
                ("<https://a.org/?a=1&amp;b=2>", '<a href="https://a.org/?a=1&amp;b=2">https://a.org/?a=1&amp;b=2</a>'),
                ('<https://a.org/"x|y>', '<a href="https://a.org/%22x">y</a>'),
                ("&lt;!channel&gt; &amp;amp;", "&lt;!channel&gt; &amp;amp;"),
                ("<javascript:alert(1)|x> <!channel>", "&lt;javascript:alert(1)|x&gt; &lt;!channel&gt;"),
                ("one\n&gt; two\nfour", "one / [quote] two / four"),
                ("so:\n```\na &lt; b\n```", "so: / [code] a &lt; b"),
            ]
        ),
        (
            "console",
            {"text": "<b> see https://arxiv.org/abs/1."},
            '&lt;b&gt; see <a href="https://arxiv.org/abs/1">https://arxiv.org/abs/1</a>.',
        ),
    ],
)  # fmt: skip
def test_markup_is_shown_as_its_platform_shows_it(platform: str, payload: object, seen: str) -> None:
    assert sketch(display(platform, payload)) == seen


def test_slacks_blocks_keep_their_shapes() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "12 *papers*"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*one*"}, "accessory": {"type": "overflow"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Undo"}, "value": "x"}],
        },
    ]
    shown = display("slack", {"text": "t", "blocks": blocks})
    assert sketch(shown) == "[header] 12 *papers* / [rule]  / <b>one</b> / [small] small"
    assert [paragraph.menu for paragraph in shown.paragraphs] == [False, False, True, False]
    assert [[key.text for key in row] for row in shown.keys] == [["Undo"]]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Co"]), max_size=80))
@example("<b>&lt;</b>")
@example("&amp;lt;script&amp;gt;")
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert appearance.Paragraph(html=f"a{escaped}z").text == f"a{text}z"
