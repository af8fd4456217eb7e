"""privacy shows the stored data of a chat, and forget erases them."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.product import Product, Seen

ME, OTHER, GROUP = "4242424242", "4242424243", "-1001999888777"
pytestmark = pytest.mark.sqlite_alone("the tests look into its file")
WORD = "zirconium"
ONLY_ADMINS = "Only admins of this chat can change that."


@pytest.fixture
def known(product: Product) -> Product:
    """The program, with the chats of these tests."""
    for chat in (ME, OTHER):
        product.telegram.knows(chat, title=f"Person {chat}")
    product.telegram.knows(GROUP, title="Zirconium fans", people={"7": "creator", "8": "member", "9": "administrator"})
    return product


def traces(product: Product, *words: str) -> list[str]:
    """Returns the rows that contain one of these words, from all tables except the tables of papers."""
    with closing(sqlite3.connect(product.folder / "paperwire.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        return [
            f"{table}: {row}"
            for (table,) in tables.fetchall()
            if not table.startswith("paper") and table != "digest"
            for row in database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own
            if any(word in str(row) for word in words)
        ]


def lives(product: Product, chat: str, by: str = "") -> None:
    """Uses every feature in a chat, so that data of all kinds are stored. At the end, a delivery to it waits."""
    for said in (f"/sub {WORD} -survey now", "/share 1", "/set limit 5", "/edit 1", "/today", f"/search {WORD}"):
        product.says(said, chat, by=by)
        product.clock.advance(timedelta(minutes=1))
    product.brings(f"{WORD} on graphs")
    product.delivers()
    product.says("/list", chat, by=by)
    product.brings(f"{WORD} again")
    product.telegram.refuses("Too Many Requests: retry after 600", status=429)
    product.delivers()


def file(seen: Seen) -> str:
    """Returns the content of the file behind the answer, or an empty text."""
    return seen.entries[1].text if len(seen.entries) > 1 else ""


def forgets(product: Product, chat: str) -> Seen:
    product.says("/forget", chat)
    return product.presses("erase everything", chat)


def test_privacy_says_what_how_long_by_whom_and_how_to_end_it(known: Product) -> None:
    known.sets(CONTACT="me@example.org")
    said = known.says("/privacy", ME)
    for words in ("subscriptions", "30 days", "a year", "me@example.org", "/forget"):
        assert words in said.text
    assert said.lines[-1] == "Nothing is stored about this chat yet."
    assert file(said) == ""


def test_the_copies_that_still_hold_it_are_named(known: Product) -> None:
    known.says("/sub diffusion", ME)
    for said in (known.says("/privacy", ME), known.says("/forget", ME), known.presses("erase everything", ME)):
        assert "until Thu 29 Jan" in said.text
        assert "copies of the database" in said.text


def test_privacy_brings_exactly_this_chats_rows(known: Product) -> None:
    known.says("/sub secret matters", OTHER)
    lives(known, ME)
    text = file(known.says("/privacy", ME))
    assert text, known.round.err
    rows = json.loads(text)
    assert rows["chat"]["address"] == ME
    assert [subscription["text"] for subscription in rows["subscription"]] == [f"{WORD} -survey"]
    assert f"{WORD} on graphs" in [paper["title"] for paper in rows["paper"]]
    assert {item["paper"] for item in rows["delivery_item"]} == {paper["id"] for paper in rows["paper"]}
    assert rows["message"][0]["sent_at"].startswith("2026-01-22 12:")
    assert len(rows["undo"]) >= 2
    assert all(rows[table] for table in ("callback", "delivery", "update"))
    assert "secret" not in text
    assert OTHER not in text


def test_in_a_group_only_those_who_manage_it_get_the_file(known: Product) -> None:
    known.says("/sub graphs", GROUP, by="7")
    said = known.says("/privacy", GROUP, by="8")
    assert (len(said.lines), file(said)) == (3, "")
    assert known.presses("as a file", GROUP, by="8").toast == ONLY_ADMINS
    assert '"graphs"' in known.presses("as a file", GROUP, by="7").text


def test_in_a_public_group_nothing_can_be_pressed(known: Product) -> None:
    known.telegram.knows(GROUP, username="lab", people={"7": "creator"})
    known.says("/sub graphs", GROUP, by="7")
    said = known.says("/privacy", GROUP, by="7")
    assert (said.buttons, file(said)) == ([], "")


def test_forget_asks_once_and_then_nothing_is_left(known: Product) -> None:
    known.says("/sub kelp", OTHER)
    lives(known, ME)
    assert traces(known, ME, WORD)
    asked = known.says("/forget", ME)
    assert asked.lines[0].startswith("This erases all I know of this chat: 1 subscription, its settings")
    assert asked.buttons[:2] == ["keep it", "erase everything"]
    assert known.queries(ME)
    done = known.presses("erase everything", ME)
    assert done.changed
    assert done.lines[0].startswith("✓ Erased: 1 subscription, the memory of ")
    assert traces(known, ME, WORD, WORD.title()) == []
    assert known.queries(OTHER) == ["kelp"]
    assert known.later(days=1) == [], "what was on its way to it is not sent"
    assert known.says("/sub graphs", ME).text.startswith("✓ 1  graphs"), "it begins anew"


def test_keeping_it_keeps_it(known: Product) -> None:
    known.says("/sub graphs", ME)
    known.says("/forget", ME)
    assert known.presses("keep it", ME).text == "✓ Nothing is erased."
    known.says("/forget", ME)
    known.later(minutes=11)
    assert "too long ago" in known.presses("erase everything", ME).toast
    assert known.queries(ME) == ["graphs"]


def test_who_is_not_known_has_nothing_to_be_erased_and_is_not_met_by_asking(known: Product) -> None:
    assert known.says("/forget", ME).text == "✗ I know nothing of this chat, so there is nothing to erase."
    assert known.runs("settings", "--as", f"telegram:{ME}").status == 1


def test_a_group_is_forgotten_by_the_manager_who_asked(known: Product) -> None:
    lives(known, GROUP, by="7")
    assert known.says("/forget", GROUP, by="8").text == f"✗ {ONLY_ADMINS}"
    assert len(known.says("/forget", GROUP, by="7").lines) == 2
    foreign = "This button does not work any more, or not for you."
    assert known.presses("erase everything", GROUP, by="9").toast == foreign
    known.telegram.promotes(GROUP, "7", "member")
    known.later(hours=1)
    known.says("/forget", GROUP, by="9")
    assert known.presses("erase everything", GROUP, by="9").text.startswith("✓ Erased")
    assert traces(known, GROUP, WORD, WORD.title()) == []


def test_an_anonymous_admin_asks_and_any_manager_presses(known: Product) -> None:
    known.says("/sub graphs", GROUP, anonymous_admin=True)
    known.says("/forget", GROUP, anonymous_admin=True)
    assert known.presses("erase everything", GROUP, by="8").toast == ONLY_ADMINS
    assert known.presses("erase everything", GROUP, by="7").text.startswith("✓ Erased")


def test_in_a_public_group_the_word_yes_erases(known: Product) -> None:
    known.telegram.knows(GROUP, username="lab", people={"7": "creator", "9": "administrator"})
    known.says("/sub graphs", GROUP, by="7")
    assert "asks first" in known.says("/forget yes", GROUP, by="7").text
    asked = known.says("/forget", GROUP, by="7")
    assert (asked.buttons, "/forget yes" in asked.text) == ([], True)
    assert "asks first" in known.says("/forget yes", GROUP, by="9").text
    assert known.says("/forget no", GROUP, by="7").text == "✓ Nothing is erased."
    assert "asks first" in known.says("/forget yes", GROUP, by="7").text
    known.says("/forget", GROUP, by="7")
    assert known.says("/forget yes", GROUP, by="7").text.startswith("✓ Erased")


def test_a_person_is_forgotten_where_they_set_things_up_too(known: Product) -> None:
    known.telegram.knows(GROUP, title="Lab", people={ME: "creator"})
    known.telegram.adds(GROUP, by=ME)
    known.listens()
    known.says("/sub graphs", GROUP, by=ME)
    known.says("/pause 1", GROUP, by=ME)
    known.says(f"/sub {WORD}", ME)
    forgets(known, ME)
    assert traces(known, ME) == []
    assert known.queries(GROUP) == ["graphs"]


def test_what_others_have_of_a_forgotten_group_goes_with_it(known: Product) -> None:
    """The person who manages it in private has buttons, an open question and notices about it, and their own papers."""
    known.telegram.knows(GROUP, title="Zirconium fans", people={ME: "creator"})
    known.says("/sub kelp", ME)
    known.telegram.adds(GROUP, by=ME)
    known.listens()
    known.says(f"/sub {GROUP} graphs", ME)
    known.says(f"/list {GROUP}", ME)
    known.presses("1", ME)
    known.presses("edit", ME)
    known.telegram.forbids(GROUP)
    known.listens()
    known.brings("Graphs of sand")
    known.later(days=1)
    kinds = {row.partition(":")[0] for row in traces(known, GROUP)}
    assert kinds >= {"chat", "delivery"}
    known.telegram.unblocks(GROUP)
    known.says(f"/forget {GROUP}", ME)
    assert known.presses("erase everything", ME).text.startswith("✓ Zirconium fans: Erased: 1 subscription")
    assert traces(known, GROUP, "Zirconium fans") == []
    assert known.presses("edit", ME).toast == "This button does not work any more, or not for you."
    assert "kelp" not in known.says("bats", ME).text, "the question about the group is not open any more"
    assert known.queries(ME) == ["kelp"]


def test_of_a_chat_that_was_denied_and_erased_nothing_is_stored_again(known: Product) -> None:
    known.telegram.knows("1")
    known.sets(ADMINS="telegram:1")
    known.says(f"/sub {WORD}", ME)
    known.says(f"/deny telegram:{ME}", "1")
    forgets(known, ME)
    for said in ("/help", "/list", "/sub", "/privacy"):
        assert known.says(said, ME)
    assert traces(known, ME) == []
    assert "said no" in known.says(f"/sub {WORD}", ME).text


def test_what_was_done_before_is_not_done_again(known: Product) -> None:
    first = known.telegram.queue._next
    known.says(f"/sub {WORD}", ME)
    forgets(known, ME)
    known.telegram.queue.renumber(first)  # as if Telegram had lost that the update was confirmed
    assert not known.says(f"/sub {WORD}", ME)
    assert traces(known, ME, WORD) == []


def test_what_operators_were_told_of_a_chat_goes_with_it_and_of_others_stays(known: Product) -> None:
    known.telegram.knows("1")
    known.says("/start", "1")
    known.sets(ACCESS="ask", ADMINS="telegram:1")
    longer = f"{ME}7"
    known.telegram.knows(longer, title="Bo")
    known.says(f"/sub {WORD}", ME, name="Zirconia")
    known.says("/sub graphs", longer, name="Bo")
    assert [row for row in traces(known, WORD) if row.startswith("delivery")]
    forgets(known, ME)
    assert traces(known, WORD, "Zirconi") == []
    assert [row for row in traces(known, longer) if row.startswith("delivery")]
    assert known.presses("allow", "1").lines[0] == f"✓ Bo (telegram:{longer}) is let in."
