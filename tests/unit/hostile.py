"""Texts and papers that try to break out of markup, for rendering and for the code that posts the result."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from subscriptions.model import Item
from tests.unit.deliveries import because, item

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
