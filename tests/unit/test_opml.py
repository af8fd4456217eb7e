"""Lists of feeds in OPML: what counts as a feed, and what cannot be read."""

import pytest

from bot.digests.opml import read_opml
from bot.errors import BrokenDigest

DEEP = 20_000


def opml(*outlines: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def feed(address: str, title: str = "Birds") -> str:
    return f'<outline type="rss" text="{title}" xmlUrl="{address}"/>'


A, B = "https://a.example/rss", "https://b.example/atom"


@pytest.mark.parametrize(
    ("outlines", "titles", "repeated", "others"),
    [
        ((feed(A), feed(B, "Nests &amp; eggs")), {A: "Birds", B: "Nests & eggs"}, 0, 0),
        ((f'<outline text="Folder">{feed(A)}<outline text="Inner">{feed(B)}</outline></outline>',), {A: "Birds", B: "Birds"}, 0, 0),
        ((feed(A), feed(A, "Again"), feed(f" {A} ")), {A: "Birds"}, 2, 0),
        ((feed("feed://a.example/rss"), feed(f"feed:{B}")), {"http://a.example/rss": "Birds", B: "Birds"}, 0, 0),
        (('<outline text="A note"/>', '<outline text="A page" url="https://a.example"/>', feed("file:///etc/hosts")), {}, 0, 3),
        (('<outline TITLE="Birds" xmlURL="https://a.example/rss"/>',), {A: "Birds"}, 0, 0),
        (("<outline>" * DEEP + feed(A) + "</outline>" * DEEP,), {A: "Birds"}, 0, 0),
        ((), {}, 0, 0),
    ],
)  # fmt: skip
def test_the_feeds_of_a_list(outlines: tuple[str, ...], titles: dict[str, str], repeated: int, others: int) -> None:
    found = read_opml(opml(*outlines), "feeds.opml")
    assert (dict(found.titles), found.repeated, found.others) == (titles, repeated, others)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'<!DOCTYPE opml [<!ENTITY a "aaaa">]>' + opml(feed(A, "&a;")), "it has a DTD"),
        (opml(feed(A))[:-20], "unclosed token"),
        (opml(*["<outline>" * 60_000]), "too many elements"),
        (b"<rss><channel/></rss>", "this is no OPML"),
        (b"", "no element found"),
        (b"\xff\xfe<\0o\0", "not UTF-8"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BrokenDigest, match=words) as refused:
        read_opml(data, "feeds.opml")
    assert str(refused.value).startswith("feeds.opml: ")
