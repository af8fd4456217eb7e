"""A payload as a platform displays it: marks, links, quotations; and no injected markup."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.rendering.display.gallery import payload_display
from bot.rendering.platforms.slack.block_reader import mrkdwn_paragraphs
from bot.rendering.platforms.telegram.markup_reader import telegram_paragraphs
from bot.rendering.views.appearance import Paragraph


def sketch(paragraphs: object) -> str:
    """Writes paragraphs in the notation of the tables: [shape] before all but ordinary ones, {mark,mark→link text} around spans."""
    assert isinstance(paragraphs, list | tuple)
    return " / ".join(f"[{p.shape}] {_spans(p)}" if p.shape != "text" else _spans(p) for p in paragraphs)


def _spans(paragraph: Paragraph) -> str:
    shown = ""
    for span in paragraph.spans:
        look = ",".join(sorted(span.marks)) + (f"→{span.link}" if span.link else "")
        shown += f"{{{look} {span.text}}}" if look else span.text
    return shown


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("plain", "plain"),
        ("<b>bold</b> and <i>italic</i>", "{bold bold} and {italic italic}"),
        ('<b><a href="https://arxiv.org/abs/1">A <u>hit</u></a></b>',
         "{bold→https://arxiv.org/abs/1 A }{bold,underline→https://arxiv.org/abs/1 hit}"),
        ('<a href="https://a.org/?x=1&amp;y=2">both</a>', "{→https://a.org/?x=1&y=2 both}"),
        ("<s>gone</s> <code>cs.CV</code> <tg-spoiler>no</tg-spoiler>", "{strike gone} {code cs.CV} {hidden no}"),
        ("above\n<blockquote expandable>long</blockquote>\nbelow", "above / [folded] long / below"),
        ("<blockquote>one</blockquote>", "[quote] one"),
        ("so:\n<pre>a &lt; b</pre>", "so: / [code] a < b"),
        ("&lt;b&gt; &amp;amp; &quot;q&quot; &#34; &#x41; &copy; &apos;", '<b> &amp; "q" " A &copy; &apos;'),
        ("&#0; &#xD800; &#99999999;", "&#0; &#xD800; &#99999999;"),
        ("a < b <br> <script>x</script> </b>", "a < b <br> <script>x</script> </b>"),
        ("<b>never closed", "{bold never closed}"),
        ("<b>crossed <i>tags</b></i>", "{bold crossed }{bold,italic tags}{bold,italic </b>}"),
        ("/help and /sub@a_bot, a/b, https://x.org/help", "{command /help} and {command /sub@a_bot}, a/b, https://x.org/help"),
        ("<b>/list</b> <code>/list</code>\n<pre>/list</pre>", "{bold,command /list} {code /list} / [code] /list"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href="https://a.org" onclick="x">y</a>', '<a href="https://a.org" onclick="x">y</a>'),
    ],
)  # fmt: skip
def test_telegrams_html_is_read_as_telegram_reads_it(html: str, seen: str) -> None:
    assert sketch(telegram_paragraphs(html)) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("*bold* _italic_ ~gone~ `code`", "{bold bold} {italic italic} {strike gone} {code code}"),
        ("a*b*c, 2 * 3 * 4, snake_case_name", "a*b*c, 2 * 3 * 4, snake_case_name"),
        ("<https://a.org/x|A title>", "{→https://a.org/x A title}"),
        ("<https://a.org/x|A *hit* inside>", "{→https://a.org/x A }{bold→https://a.org/x hit}{→https://a.org/x  inside}"),
        ("~<https://a.org/x|A title>~", "{strike→https://a.org/x A title}"),
        ("<https://a.org/?a=1&amp;b=2>", "{→https://a.org/?a=1&b=2 https://a.org/?a=1&b=2}"),
        ("&lt;!channel&gt; &amp;amp;", "<!channel> &amp;"),
        ("<javascript:alert(1)|x>", "<javascript:alert(1)|x>"),
        ("<!channel> <@U1>", "<!channel> <@U1>"),
        ("one\n&gt; two\n> three\nfour", "one / [quote] two\nthree / four"),
        ("so:\n```\na &lt; b\n```", "so: / [code] a < b"),
    ],
)  # fmt: skip
def test_slacks_mrkdwn_is_read_as_slack_reads_it(text: str, seen: str) -> None:
    assert sketch(mrkdwn_paragraphs(text)) == seen


def test_slacks_blocks_keep_their_shapes() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "12 *papers*"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*one*"}, "accessory": {"type": "overflow"}},
        {"type": "section", "text": {"type": "plain_text", "text": "*two*"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}, {"type": "plain_text", "text": "_too_"}]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Undo"}, "value": "x"}],
        },
    ]
    display = payload_display("slack", json.dumps({"text": "t", "blocks": blocks}))
    assert sketch(display.paragraphs) == "[header] 12 *papers* / [rule]  / {bold one} / *two* / [small] small  _too_"
    assert [paragraph.menu for paragraph in display.paragraphs] == [False, False, True, False, False]
    assert [[key.text for key in row] for row in display.keys] == [["Undo"]]


def test_telegrams_buttons_and_silence_are_shown() -> None:
    rows = [[{"text": "1", "data": "id"}, {"text": "get", "url": "https://t.me/x"}]]
    display = payload_display("telegram", json.dumps({"text": "x", "silent": True, "buttons": rows}))
    assert display.silent
    assert [(key.text, key.link) for row in display.keys for key in row] == [("1", ""), ("get", "https://t.me/x")]


def test_a_terminal_makes_links_of_addresses() -> None:
    display = payload_display("console", json.dumps({"text": "<b> see https://arxiv.org/abs/1."}))
    assert sketch(display.paragraphs) == "<b> see {→https://arxiv.org/abs/1 https://arxiv.org/abs/1}."


@pytest.mark.parametrize(
    ("platform", "payload"),
    [
        ("telegram", {"html": "x"}),
        ("telegram", {"text": "x", "buttons": [[{"text": "no data"}]]}),
        ("telegram", {"text": "x", "buttons": {"1": "2"}}),
        ("slack", {"blocks": ["no block"]}),
        ("slack", {"blocks": [{"type": "video"}]}),
        ("slack", {"blocks": [{"type": "context", "elements": [{"type": "image"}]}]}),
        ("pager", {"text": "x"}),
    ],
)
def test_a_payload_of_another_shape_is_refused(platform: str, payload: object) -> None:
    with pytest.raises(ValueError, match=r"message|block|button|context"):
        payload_display(platform, json.dumps(payload))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
@example("<b>&lt;</b>")
@example("&amp;lt;script&amp;gt;")
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    """Any text that html.escape escapes is displayed unchanged."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert "".join(p.text for p in telegram_paragraphs(f"a{escaped}z")) == f"a{text}z"
