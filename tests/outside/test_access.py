"""Who may use the bot: access that is open, on request or closed, the first operator's code, and the status."""

from hashlib import sha256

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

OPERATOR, STRANGER, GROUP, OTHER_GROUP = "1", "42", "-1001", "-1002"
NO = "✗ The operator of this bot has said no to this chat."


def to(chat: str, seen: Seen) -> Seen:
    """Returns the messages that came to one chat."""
    return Seen(tuple(entry for entry in seen.entries if entry.chat == chat))


@pytest.fixture
def asks(product: Product, telegram: FakeTelegram) -> Product:
    """A bot that lets in on request."""
    telegram.knows(OPERATOR, title="Eve")
    product.sets(ACCESS="ask", ADMINS=f"telegram:{OPERATOR}")
    return product


def denied(product: Product) -> Seen:
    """Lets the stranger subscribe, and the operator say no. Returns what people see then."""
    product.says("/sub diffusion now", STRANGER)
    return product.presses("deny", OPERATOR)


def stored_bytes(product: Product) -> bytes:
    """Returns all that the program has stored."""
    return b"".join(path.read_bytes() for path in product.folder.glob("paperwire.db*"))


def erases(product: Product) -> Seen:
    """Lets the stranger erase their data."""
    product.says("/forget", STRANGER)
    return product.presses("erase everything", STRANGER)


def test_a_stranger_waits_and_loses_nothing(asks: Product) -> None:
    seen = asks.says("/sub diffusion now", STRANGER)
    asked, notice = to(STRANGER, seen), to(OPERATOR, seen)
    assert asked.text.startswith("✓ 1")
    assert "It waits until the operator of this bot lets this chat in" in asked.text
    assert notice.lines[0] == "Ada asks to be let in."
    assert "It wants: diffusion" in notice.lines
    assert notice.buttons == ["allow", "deny"]

    asks.brings("Diffusion on graphs")
    assert asks.later(hours=1) == []  # a chat that waits for access gets nothing
    assert "Its subscriptions wait for them, too." in asks.says("/feed", STRANGER).text
    assert "waits for the operator of this bot" in asks.says("/status", STRANGER).text
    assert asks.later(days=3) == []
    done = asks.presses("allow", OPERATOR)
    assert to(OPERATOR, done).text == "✓ Ada (telegram:42) is let in.\nUndo: /deny telegram:42"
    assert to(OPERATOR, done).changed
    answer, brought = to(STRANGER, done).entries
    assert answer.text.startswith("This chat is let in.")
    assert "Diffusion on graphs" in brought.text


def test_a_no_is_said_once_and_stays(asks: Product) -> None:
    answer = to(STRANGER, denied(asks))
    assert answer.lines[0] == NO.removeprefix("✗ ")
    for again in ("/sub graphs", "/sub diffusion", "/sub diffusion daily 9", "/edit 1 graphs"):
        assert asks.says(again, STRANGER).lines == [NO]
    assert asks.says("/list", STRANGER).lines[0] == "1 subscription · the operator of this bot said no"
    assert NO.removeprefix("✗ ") in asks.says("/status", STRANGER).text
    asks.brings("Diffusion on graphs")
    assert asks.later(days=2) == []
    assert asks.says("/deny telegram:42", OPERATOR).lines[0] == "✓ That was said before."
    let_in = asks.says("/allow 42", OPERATOR)
    assert to(OPERATOR, let_in).lines[0] == "✓ Ada (telegram:42) is let in."
    assert "Diffusion on graphs" in to(STRANGER, let_in).text


def test_pausing_blocking_and_coming_back_are_no_way_around(asks: Product, telegram: FakeTelegram) -> None:
    asks.says("/sub diffusion now", STRANGER)
    asks.says("/pause", STRANGER)
    asks.says("/resume", STRANGER)
    telegram.blocks(STRANGER)
    asks.listens()
    telegram.unblocks(STRANGER)
    asks.listens()
    asks.brings("Diffusion on graphs")
    assert asks.later(hours=1) == []
    assert "Diffusion on graphs" in to(STRANGER, asks.presses("allow", OPERATOR)).text


def test_a_second_wish_asks_nobody_again_that_day(asks: Product) -> None:
    asks.says("/sub diffusion", STRANGER)
    for again in ("/sub graphs", "/sub diffusion"):
        second = asks.says(again, STRANGER)
        assert second.chats == [STRANGER]
        assert "It waits until the operator of this bot" in second.text
    asks.presses("allow", OPERATOR)
    for again in ("/sub trees", "/sub diffusion"):
        assert "waits" not in asks.says(again, STRANGER).text


def test_what_an_operator_asks_for_waits_for_nobody(asks: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={OPERATOR: "administrator", "7": "creator"})
    assert asks.says("/sub diffusion", OPERATOR).chats == [OPERATOR]
    said = asks.says(f"/sub@{NAME} diffusion", GROUP, by=OPERATOR)
    assert (said.chats, said.text[:3], "waits" in said.text) == ([GROUP], "✓ 1", False)


def test_a_group_that_waits_has_one_header_that_says_for_whom(asks: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator"}, topics=(3, 4))
    seen = asks.says(f"/sub@{NAME} diffusion\ngraphs", GROUP, by="7")
    assert "It waits" in to(GROUP, seen).text
    assert f"Chat: Lab (telegram:{GROUP})." in to(OPERATOR, seen).text
    head, first, second = asks.says(f"/list@{NAME}", GROUP, by="7").lines
    assert head == "2 subscriptions · waits for the operator of this bot"
    assert "waits" not in first + second
    asks.says(f"/allow telegram:{GROUP}", OPERATOR)  # a topic of a group that is in need not ask
    assert "waits" not in asks.says(f"/sub@{NAME} diffusion", f"{GROUP}/4", by="7").text


def test_some_chats_need_not_ask(asks: Product, telegram: FakeTelegram) -> None:
    asks.runs("subscribe", "diffusion", "--as", "telegram:42")
    assert "waits" not in asks.says("/sub graphs", STRANGER).text
    telegram.knows("43")
    assert asks.says("/allow telegram:43", OPERATOR).lines[0] == "✓ telegram:43 may subscribe."
    said = asks.says("/sub graphs", "43")
    assert (said.chats, "waits" in said.text) == (["43"], False)
    product = asks
    product.sets(ACCESS="open")
    telegram.knows("44")
    said = product.says("/sub graphs", "44")
    assert (said.chats, "waits" in said.text) == (["44"], False)


def test_nobody_else_lets_in(asks: Product, telegram: FakeTelegram) -> None:
    notice = to(OPERATOR, asks.says("/sub diffusion", STRANGER))
    for command in ("/allow 42", "/deny 42"):
        assert asks.says(command, STRANGER).text == "✗ Only the operator of this bot can do that."
    stolen = str(notice.keys[0]["callback_data"])
    assert "does not work any more" in asks.presses(stolen, STRANGER, tampered=True).toast
    assert "waits for the operator of this bot" in asks.says("/status", STRANGER).text


def test_allow_and_deny_say_whom_they_are_about(asks: Product) -> None:
    assert asks.says("/allow", OPERATOR).text == "No chat asks to be let in."
    asks.says("/sub diffusion", STRANGER)
    assert "/allow telegram:42" in asks.says("/allow", OPERATOR).text
    assert "telegram:42" in asks.says("/deny", OPERATOR).text
    assert asks.says("/deny telegram:42 telegram:7", OPERATOR).text == "✗ Say no to one chat at a time."
    assert asks.says("/deny 999", OPERATOR).text == "✗ I know no chat telegram:999."
    asks.says("/sub diffusion", OPERATOR)
    assert asks.says("/deny 1", OPERATOR).text == "✗ Eve (telegram:1) runs this bot."
    for verb in ("allow", "deny"):
        for chat, said in (
            ("slack:foo", "✗ “slack:foo” is not a Slack chat."),
            ("0", "✗ “telegram:0” is not a Telegram chat."),
            ("@somebody", "✗ Say the chat by its number"),
        ):
            assert asks.says(f"/{verb} {chat}", OPERATOR).lines[0].startswith(said)


def test_a_no_outlives_forgetting(asks: Product) -> None:
    denied(asks)
    stays = "What stays is a hash of its id, since the operator of this bot has said no to it."
    assert erases(asks).lines[1] == stays
    stored = stored_bytes(asks)
    # a plain hash would not hide the id, because anyone can hash all possible ids
    assert sha256(b"telegram:42").hexdigest().encode() not in stored
    assert asks.says("/sub graphs now", STRANGER).text.startswith(NO)
    asks.says("/tz Europe/Berlin", STRANGER)  # the chat is stored again
    assert erases(asks).lines[1] == stays
    assert asks.says("/sub graphs now", STRANGER).text.startswith(NO)

    assert asks.says("/allow telegram:42", OPERATOR).text.startswith("✓ telegram:42 may subscribe.")
    assert "waits" not in asks.says("/sub graphs now", STRANGER).text
    assert erases(asks).text.startswith("✓ Erased")
    assert "It waits until the operator" in asks.says("/sub graphs now", STRANGER).text


def test_a_no_that_outlives_forgetting_moves_with_the_group(asks: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator", OPERATOR: "member"})
    asks.says(f"/sub@{NAME} diffusion", GROUP, by="7")
    asks.says(f"/deny {GROUP}", OPERATOR)
    asks.says(f"/forget@{NAME}", GROUP, by="7")
    asks.presses("erase everything", GROUP, by="7")
    telegram.migrates(GROUP, OTHER_GROUP)
    asks.listens()
    assert "has said no" in asks.says(f"/sub@{NAME} diffusion", OTHER_GROUP, by="7").text
    # an operator who subscribes such a chat lets it in
    telegram.promotes(OTHER_GROUP, OPERATOR)
    assert asks.says(f"/sub@{NAME} diffusion", OTHER_GROUP, by=OPERATOR).text.startswith("✓ 1")
    assert asks.says(f"/sub@{NAME} graphs", OTHER_GROUP, by="7").text.startswith("✓ 2")


def test_who_asked_for_a_group_and_forgets_stands_in_no_notice(asks: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={STRANGER: "creator"})
    asks.says("/start", OPERATOR)
    asks.says("/tz Europe/Berlin", STRANGER)
    asks.says(f"/sub@{NAME} diffusion", GROUP, by=STRANGER)
    asks.listens()
    _, stored = asks.says("/privacy", OPERATOR).entries
    assert "Ada asks to be let in." in stored.text
    erases(asks)
    _, stored = asks.says("/privacy", OPERATOR).entries
    assert "Ada" not in stored.text


def test_closed_says_one_friendly_line_and_keeps_nothing(asks: Product) -> None:
    asks.sets(ACCESS="closed", CONTACT="ada@example.org")
    said = asks.says("/sub diffusion", STRANGER)
    assert said.text.startswith("✗ This bot is private: only its operator adds subscriptions.")
    assert "ada@example.org" in said.text
    library = asks.says("/library", STRANGER, file=("mine.ris", "TY  - JOUR\nTI  - Reef fish\nER  - \n"))
    assert library.text.startswith("✗ This bot is private")
    assert asks.queries() == []
    assert asks.says("/sub diffusion", OPERATOR).text.startswith("✓ 1")
    assert "may subscribe" in asks.says("/allow telegram:42", OPERATOR).text
    assert asks.says("/sub diffusion", STRANGER).text.startswith("✓ 1")


def code_of(product: Product) -> str:
    """Returns the code that the bot has written into its log at its start."""
    with product.starts("run", moved=True) as process:
        return process.waits_for_line(r"/admin (\S+)")[1]


@pytest.fixture
def unowned(product: Product, telegram: FakeTelegram) -> Product:
    """A bot without an operator, on which a stranger waits."""
    telegram.knows("43", title="Bo")
    product.sets(ACCESS="ask")
    assert product.says("/sub diffusion now", "43").lines[-1].endswith("/admin CODE")
    return product


def test_the_code_makes_its_sender_the_operator_once(unowned: Product, telegram: FakeTelegram) -> None:
    telegram.knows("44")
    code = code_of(unowned)
    stored = stored_bytes(unowned)
    assert code.encode() not in stored
    assert code.replace("-", "").encode() not in stored
    made = unowned.says(f"/admin {code.lower().replace('-', ' ')}", STRANGER)
    assert made.text.startswith("✓ You run this bot from now on.")
    assert "1 chat asks to be let in." in made.text
    assert made.buttons[-2:] == ["allow", "deny"]
    assert unowned.says(f"/admin {code}", "44").text.startswith("✗ This bot has an operator already")
    assert "The whole bot" in unowned.says("/status", STRANGER).text


def test_a_wrong_code_is_none_nor_is_that_of_an_earlier_start(unowned: Product) -> None:
    earlier, code = code_of(unowned), code_of(unowned)
    for wrong in ("ABCD-EFGH-JKMN", earlier, ""):
        refused = unowned.says(f"/admin {wrong}", STRANGER)
        assert "the bot wrote into its log" in refused.text
        assert not refused.text.startswith("✓")
    assert unowned.says(f"/admin {code}", STRANGER).text.startswith("✓")


def test_a_code_is_taken_in_private_only(unowned: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator"})
    telegram.knows("7")
    code = code_of(unowned)
    assert "write to me in private" in unowned.says(f"/admin@{NAME} {code}", GROUP, by="7").text
    assert unowned.says(f"/admin {code}", "7").text.startswith("✓")


def test_the_papers_of_a_day_are_those_of_all_its_digests(product: Product) -> None:
    again = paper("In both")
    product.brings("Of yesterday")
    product.later(days=1)
    product.brings(again, "Trees")
    product.brings(again, "Rings")
    product.says("/sub diffusion daily 9")
    said = product.says("/status")
    assert said.lines[0] == "daily, Fri 23 Jan: 3 papers."
    assert any(line.startswith("Next: Sat 24 Jan") for line in said.lines)
    assert "whole bot" not in said.text
    product.brings(again, "Roots", source="weekly")
    assert product.says("/status").lines[:3] == [
        "weekly, Fri 23 Jan: 2 papers.",
        "daily, Fri 23 Jan: 3 papers.",
        "All together, Fri 23 Jan: 4 papers.",
    ]


def test_an_operator_sees_the_whole_bot_but_not_where_others_read(asks: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={OPERATOR: "creator"})
    asks.runs("subscribe", "diffusion", "--as", "telegram:42", "--when", "daily 14:00")
    asks.brings("Diffusion on graphs")
    said = asks.says("/status", OPERATOR)
    assert "The whole bot: 1 chat, 1 subscription." in said.lines
    assert "Outbox: 0 waiting, 0 unclear, 0 dead." in said.lines
    assert "whole bot" not in asks.says(f"/status@{NAME}", GROUP, by=OPERATOR).text


def test_the_operator_sees_the_subscriptions_of_all_chats(asks: Product) -> None:
    asks.says("/sub diffusion", STRANGER)
    asks.says("/sub graphs daily 9", OPERATOR)
    assert asks.says("list all", STRANGER).text == (
        "✗ Only the operator of this bot sees the subscriptions of all chats, in private."
    )
    assert asks.says("/list all", OPERATOR).lines == [
        "2 subscriptions in 2 chats",
        f"telegram:{OPERATOR} · 1  graphs · daily 09:00 UTC",
        f"telegram:{STRANGER} · 1  diffusion · when-out 08:00-20:00 UTC · waits for the operator of this bot",
    ]
    for number in range(40):
        asks.runs("subscribe", "moss", "--as", f"console:room-{number}")
    head, file = asks.says("list all", OPERATOR).entries
    assert head.text == "42 subscriptions in 42 chats"
    assert len(file.text.splitlines()) == 42
