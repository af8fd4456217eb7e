"""A payload as a platform displays it: marks, links, quotations; and no injected markup."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.platforms.known import look_of
from bot.rendering.appearance import Display, Paragraph


def display(platform: str, payload: object) -> Display:
    look = look_of(platform)
    assert look is not None
    return look.display(json.dumps(payload))


def sketch(display: Display) -> str:
    """Writes the paragraphs with [shape] before all but ordinary ones."""
    return " / ".join(f"[{p.shape}] {p.shown}" if p.shape != "text" else p.shown for p in display.paragraphs)


@pytest.mark.parametrize(
    ("html", "seen"),
    [
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
    ],
)  # fmt: skip
def test_telegrams_html_is_shown_as_telegram_shows_it(html: str, seen: str) -> None:
    assert sketch(display("telegram", {"text": html})) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
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
    ],
)  # fmt: skip
def test_slacks_mrkdwn_is_shown_as_slack_shows_it(text: str, seen: str) -> None:
    assert sketch(display("slack", {"blocks": [{"type": "section", "text": {"text": text}}]})) == seen


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


def test_telegrams_buttons_and_silence_are_shown() -> None:
    rows = [[{"text": "1", "data": "id"}, {"text": "get", "url": "https://t.me/x"}]]
    shown = display("telegram", {"text": "x", "silent": True, "buttons": rows})
    assert shown.silent
    assert [(key.text, key.link) for row in shown.keys for key in row] == [("1", ""), ("get", "https://t.me/x")]


def test_a_terminal_makes_links_of_addresses() -> None:
    shown = display("console", {"text": "<b> see https://arxiv.org/abs/1."})
    assert sketch(shown) == '&lt;b&gt; see <a href="https://arxiv.org/abs/1">https://arxiv.org/abs/1</a>.'


@pytest.mark.parametrize(
    ("platform", "payload"), [("telegram", {"html": "x"}), ("slack", {"blocks": [{"type": "video"}]})]
)
def test_a_payload_of_another_shape_is_refused(platform: str, payload: object) -> None:
    with pytest.raises(ValueError, match=r"message|block"):
        display(platform, payload)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Co"]), max_size=80))
@example("<b>&lt;</b>")
@example("&amp;lt;script&amp;gt;")
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert Paragraph(html=f"a{escaped}z").text == f"a{text}z"
