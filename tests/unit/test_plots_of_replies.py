"""A plot of a reply: a picture on the page, text elsewhere, the same amounts in both."""

import json
import xml.etree.ElementTree as ET

import pytest

from bot.ports.channel import Plot, PlotRow, Reply
from subscriptions.model import Message
from tests.rendered import render_reply
from tests.unit.deliveries import chat

PLOT = Plot(
    title="Papers <of> two days",
    labels=("01-01", "01-02"),
    rows=(PlotRow(name="came: 4", amounts=(0, 4)), PlotRow(name="saved & read", amounts=(1, 0))),
)


def rendered(platform: str) -> Message:
    (message,) = render_reply(Reply(lines=("4 papers came.",), plot=PLOT), chat(platform))
    return message


@pytest.mark.parametrize("platform", ["telegram", "slack", "console"])
def test_elsewhere_it_is_text(platform: str) -> None:
    said = json.dumps(json.loads(rendered(platform).payload), ensure_ascii=False)
    for line in ("4 papers came.", "came: 4", "·█", "█·", "01-01"):
        assert line in said
    assert "svg" not in said


def test_on_the_page_it_is_a_picture_with_a_name() -> None:
    message = rendered("web")
    html = json.loads(message.payload)["html"]
    svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
    picture = ET.fromstring(svg)  # noqa: S314 - our own
    assert (picture.get("role"), picture.get("aria-label")) == ("img", PLOT.title)
    assert [bar.findtext("title") for bar in picture.iter("rect")] == ["01-02: 4", "01-01: 1"]
    assert {"came: 4", "saved & read"} <= {text.text for text in picture.iter("text")}
    assert "█" in json.loads(message.plain)["text"], "who gets the plain form reads it as text"
    assert "style=" not in svg, "the page forbids it"
