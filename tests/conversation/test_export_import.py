"""Export of subscriptions as text and their import, papers as BibTeX, and one subscription as a link."""

import re
from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

ME, OTHER = "42", "43"
LINES = "daily 09:00 | diffusion -survey | Diffusion\n# a comment\nset limit 5\nnow | graph* | "
GONE = "What that link led to is not there any more."


@pytest.fixture(autouse=True)
def _people(telegram: FakeTelegram) -> None:
    telegram.knows(OTHER, title="Bo")


def exported(product: Product, chat: str = ME) -> list[str]:
    return product.says("/export", chat).lines[1:]


def drops(product: Product, content: bytes, caption: str = "/import") -> Seen:
    """Drops a file into the chat."""
    return product.says(caption, file=("mine.txt", content.decode("utf-8", "surrogateescape")))


def test_an_export_is_read_back_elsewhere(product: Product) -> None:
    product.says("/tz berlin")
    assert product.says("/export").text == "There are no subscriptions yet."
    product.says("/sub diffusion -survey daily 9")
    product.says("/name 1 Diffusion")
    product.says('/sub author:"Jane Doe" now')
    said = product.says("/export")
    assert said.lines == [
        "2 subscriptions; /import reads them back.",
        "daily 09:00 Europe/Berlin | diffusion -survey | Diffusion",
        'now | author:"Jane Doe" |',
    ]
    text = "\n".join(said.lines[1:])
    product.says(f"/import {text}", OTHER)
    assert exported(product, OTHER) == said.lines[1:]


def test_what_does_not_fit_a_message_comes_as_a_file(product: Product) -> None:
    topics = "".join(f"now | topic{number} and some more words | \n" for number in range(80))
    product.runs("import", "--as", f"telegram:{OTHER}", str(product.writes("topics.txt", topics)))
    said, file = product.says("/export", OTHER).entries
    assert said.text == "80 subscriptions; /import reads them back."
    assert (file.kind, file.name, file.text.count("\n")) == ("file", "paperwire.txt", 80)


def test_what_was_delivered_comes_as_bibtex(product: Product) -> None:
    assert "no paper was delivered here" in product.says("/export bib").text
    product.says("/sub diffusion now")
    product.brings(paper("Diffusion on graphs", authors=["Jane Doe"]))
    product.later(minutes=1)
    said = product.says("/export bib 30d")
    assert "@misc{doe2026diffusion," in said.text
    assert "TI  - Diffusion on graphs" in product.says("/export ris 30d").text
    product.clock.advance(timedelta(days=3))
    assert "no paper" in product.says("/export bib 2d").text
    assert "@misc{" in product.says("/export BibTeX 1w").text
    for wrong in ("0d", "9999y"):
        assert product.says(f"/export bib {wrong}").lines[0] == f"✗ “{wrong}” is not a length of time."


def test_an_import_adds_what_is_new_and_can_be_undone(product: Product) -> None:
    product.says("/sub graph* now")
    done = product.says(f"/import {LINES}")
    assert done.text == "✓ Imported: 1 new · 1 changed · 1 there already."
    assert done.buttons == ["undo"]
    assert product.queries() == ["graph*", "diffusion -survey"]
    assert product.tells("settings", "--as", f"telegram:{ME}")["settings"]["limit"] == "5"
    assert product.says("/import now | graph* | ").text == "All of it is there already."
    product.presses("undo")
    assert product.queries() == ["graph*"]
    assert product.tells("settings", "--as", f"telegram:{ME}")["settings"]["limit"] == "20"


def test_the_lines_may_be_the_answer_to_a_question(product: Product) -> None:
    assert product.says("/import").buttons == ["cancel"]
    assert product.says("now | moss | \ndaily 8 | kelp | ").text == "✓ Imported: 2 new."
    assert product.queries() == ["moss", "kelp"]


def test_one_wrong_line_imports_nothing_and_is_quoted(product: Product) -> None:
    for wrong in ("nonsense", "set limit many"):
        said = product.says(f"/import now | graph | \n{wrong}")
        assert said.text.startswith("✗ Line 2 cannot be imported: ")
        assert said.buttons == []
    said = drops(product, b"now | graph | \nnow | flow | a\x07b")
    assert said.lines[0] == (
        "✗ Line 2 cannot be imported: A name is one line, without control characters. It says: “now | flow | a b”."
    )
    assert product.queries() == []


@pytest.mark.parametrize(
    "foreign", ["[telegram:43]\nset limit 5", "[telegram:43]\nnow | diffusion | ", "[slack:C1]\nnow | x | "]
)
def test_another_chat_cannot_be_reached_by_an_import(product: Product, foreign: str) -> None:
    product.says("/sub private matters", OTHER)
    said = product.says(f"/import {foreign}")
    assert "it is for another chat" in said.text
    assert "private" not in said.text
    assert product.queries(OTHER) == ["private matters"]


@pytest.mark.parametrize(
    "files",
    [
        (
            (b"\x89PNG\r\n\x1a\n\x00\x00", "✗ This file is not text in UTF-8."),
            ("now | 扩散模型 | ".encode("gb18030"), "✗ This file is not text in UTF-8."),
            (b"now | a\x00b | ", "✗ This file is not text in UTF-8."),
            (b"x" * (256 * 1024 + 1), "✗ The file is larger than 256 KB."),
            (b"now | topic | \n" * 2000, "✗ That is 2000 lines, and 500 is what I take at once."),
            (b"", "Send the lines, or a text file with them."),
            (b"\n# nothing\n\n", "There is no line to import."),
        ),
        (
            ("\ufeffnow | 扩散模型 | 名字\r\n".encode(), "✓ Imported: 1 new."),
            ("now | 流匹配 | ".encode("utf-16"), "✓ Imported: 1 new."),
            ("now | אלגוריתם 🎉 | ".encode(), "✓ Imported: 1 new."),
        ),
    ],
)
def test_whatever_file_is_dropped_gets_one_answer(product: Product, files: tuple[tuple[bytes, str], ...]) -> None:
    for content, answer in files:
        said = drops(product, content)
        assert said.text.startswith(answer), content[:20]
        assert len(said.entries) == 1


def test_a_file_without_a_word_is_an_import_too(product: Product) -> None:
    assert drops(product, b"now | diffusion | ", "").buttons == ["undo"]


def payload(answer: Seen) -> str:
    match = re.search(rf"https://t\.me/{NAME}\?start=([A-Za-z0-9_-]{{1,64}})$", answer.lines[-1])
    assert match is not None, answer.text
    return match[1]


def test_a_shared_subscription_is_offered_and_confirmed(product: Product) -> None:
    product.brings(paper("Diffusion on graphs"), "A survey of diffusion")
    product.says("/sub diffusion -survey weekly mon 9")
    offered = product.says(f"/start {payload(product.says('/share 1'))}", OTHER)
    assert "diffusion, not survey · weekly mon 09:00" in offered.text
    assert "Diffusion on graphs" in offered.text
    assert offered.buttons == ["subscribe"]
    accepted = product.presses("subscribe", OTHER)
    assert accepted.text.startswith("✓ 1  diffusion, not survey · weekly mon 09:00 UTC")
    assert product.queries(OTHER) == ["diffusion -survey"]


def test_a_query_that_is_too_long_for_a_link_is_said_to_be_so(product: Product) -> None:
    product.says('/sub "large language models" OR "vision transformers" now')
    said = product.says("/share 1")
    command = '/sub "large language models" OR "vision transformers" now'
    assert said.lines == ["This query is too long for a link. Others can send me:", command]


def test_what_to_share_can_be_picked(product: Product) -> None:
    assert "There are no subscriptions yet." in product.says("/share").text
    product.says("/sub diffusion")
    payload(product.says("/share"))
    product.says("/sub graph")
    asked = product.says("/share")
    assert [label[:1] for label in asked.buttons] == ["1", "2"]
    assert payload(product.presses(asked.buttons[1]))
    assert product.says("/share 9").text.startswith("✗ This chat has no subscription 9.")


def test_a_link_that_leads_nowhere_is_a_plain_start_with_one_line(product: Product) -> None:
    button = str(product.says("/set").keys[0]["callback_data"])
    for typed in ("nonsense", "../../etc", "🎉", "x" * 64, "offer", "ask:telegram:42:42", button, "sub-LXN1cnZleQ"):
        said = product.says(f"/start {typed}", OTHER)
        assert said.lines[0] == GONE, typed
        assert said.lines[1].startswith("I tell you")
        assert "diffusion models" in said.buttons


def test_where_no_link_opens_a_bot_the_words_are_shared(product: Product) -> None:
    product.runs("subscribe", "diffusion", "--as", "console:me", "--when", "daily 9")
    said = product.tells("say", "/share 1", "--as", "console:me")
    assert "/sub diffusion daily 09:00" in "\n".join(said["text"])
