"""Groups, forums and topics: who may change what, what the bot sends on its own, closed topics, groups that move."""

from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.product import Product

FORUM, VISION, GRAPHS = "-1001", "-1001/3", "-1001/4"
GROUP, SUPERGROUP = "-5", "-1005"
OWNER, MEMBER = "7", "9"


@pytest.fixture(autouse=True)
def _places(telegram: FakeTelegram) -> None:
    people = {OWNER: "creator", MEMBER: "member"}
    telegram.knows(OWNER, title="Mara")
    telegram.knows(FORUM, title="Reading group", topics=(3, 4), people=people)
    telegram.knows(GROUP, "group", title="Small group", people=people)


def states(product: Product, *chats: str) -> list[str]:
    return [product.tells("settings", "--as", f"telegram:{chat}")["state"] for chat in chats]


def test_a_bot_that_cannot_see_who_is_an_admin_changes_nothing(product: Product, telegram: FakeTelegram) -> None:
    telegram.hides_members(GROUP)
    said = product.says(f"/sub@{NAME} diffusion", GROUP, by=OWNER).text
    assert said.startswith("✗ I cannot see who is an admin here. Make me an admin, or write to me in private")
    assert product.queries(GROUP) == []


def test_silence_for_what_is_not_meant_for_it(product: Product, telegram: FakeTelegram) -> None:
    telegram.reads_all()
    said = product.says(f"/list@{NAME}", FORUM, by=MEMBER)
    under = int(said.entries[0].id)
    for text in ("good morning", "/weather", "stop sending me this", "2601.01234", "I want to die", "hi, @somebody"):
        assert not product.says(text, FORUM, by=MEMBER), text
    assert not product.says("interesting, but see the appendix", FORUM, by=MEMBER, answers=under)
    assert not product.says("", FORUM, by=MEMBER, answers=under, sends="sticker")
    assert not product.says("/list@another_bot", FORUM, by=MEMBER)


def test_an_answer_to_what_is_meant_for_it(product: Product, telegram: FakeTelegram) -> None:
    telegram.reads_all()
    said = product.says("/list", FORUM, by=MEMBER)
    assert said.text
    assert product.says("list", FORUM, by=MEMBER, answers=int(said.entries[0].id)).text == said.text
    assert product.says(f"@{NAME} list", FORUM, by=MEMBER).text == said.text
    for text in (f"/lits@{NAME}", f"@{NAME} hello", f"@{NAME} kelp", f"@{NAME}"):
        assert product.says(text, FORUM, by=MEMBER).text, text


def test_it_greets_a_group_that_it_does_not_know(product: Product, telegram: FakeTelegram) -> None:
    telegram.adds(FORUM)
    assert product.listens().text == f"Admins: /sub@{NAME} diffusion. I am quiet otherwise."
    telegram.promotes(FORUM, "4242")  # a right that changes is no arrival
    assert not product.listens()
    assert not product.says("/start added", FORUM, by=OWNER)  # from our own link
    telegram.kicks(FORUM)
    product.listens()
    product.clock.advance(timedelta(days=31))
    telegram.adds(FORUM)
    assert not product.listens()


def test_the_first_answer_goes_by_the_clock_and_in_the_language_of_who_sets_it_up(
    product: Product, telegram: FakeTelegram
) -> None:
    telegram.knows("-1009000001", title="Lab", people={OWNER: "creator"})
    product.says("/timezone Shanghai", OWNER)
    product.says("/lang zh", OWNER)
    from_private = product.says("/sub -1009000001 diffusion -survey daily 9", OWNER)
    for said in (product.says(f"/sub@{NAME} diffusion -survey daily 9", GROUP, by=OWNER), from_private):
        assert "1  diffusion，不含 survey · 每天 09:00 上海" in said.lines[0]
        assert "1月23日 周五 09:00" in said.text


def test_what_a_person_paused_stays_paused(product: Product, telegram: FakeTelegram) -> None:
    product.says("/sub diffusion now")
    product.says("/pause")
    telegram.blocks("42")
    product.listens()
    telegram.unblocks("42")
    product.listens()
    assert states(product, "42") == ["paused"]
    product.brings("Diffusion of sand")
    assert product.later(days=1) == []


def test_a_group_that_forbids_writing_waits_with_all_its_topics(product: Product, telegram: FakeTelegram) -> None:
    for topic in (FORUM, VISION):
        product.says(f"/sub@{NAME} diffusion now", topic, by=OWNER)
    telegram.forbids(FORUM)
    product.listens()
    assert states(product, FORUM, VISION) == ["paused", "paused"]
    telegram.unblocks(FORUM)
    product.listens()
    assert states(product, FORUM, VISION) == ["active", "active"]


@pytest.mark.parametrize("first", [None, timedelta(days=9)])
def test_restriction_with_an_end_ends_by_itself(
    product: Product, telegram: FakeTelegram, first: timedelta | None
) -> None:
    """It may follow one without an end, or with a later one."""
    product.says(f"/sub@{NAME} diffusion now", GROUP, by=OWNER)
    for length in (first, timedelta(minutes=40)):
        telegram.forbids(GROUP, until=product.clock.now() + length if length else None)
        product.listens()
        assert states(product, GROUP) == ["paused"]
    product.brings("Diffusion of sand")
    assert product.later(minutes=30) == []
    telegram.restriction_ends(GROUP)
    (alert,) = product.later(minutes=15)
    assert alert.chats == [GROUP]
    assert states(product, GROUP) == ["active"]


@pytest.mark.parametrize("first", ["service message", "refusal"])
def test_a_closed_topic_pauses_and_the_general_topic_hears_of_it_once(
    product: Product, telegram: FakeTelegram, first: str
) -> None:
    product.says(f"/sub@{NAME} diffusion now", VISION, by=OWNER)
    product.says(f"/name@{NAME} 1 vision", VISION, by=OWNER)
    product.says(f"/sub@{NAME} graphs now", GRAPHS, by=OWNER)
    product.brings("Diffusion of sand")
    telegram.closes_topic(FORUM, 3)
    if first == "refusal":
        product.later(minutes=1)
    product.listens()
    product.later(minutes=1)
    (told,) = [entry for entry in telegram.posted_to(FORUM) if not entry.thread]
    assert told.text.split("\n")[:2] == ["A topic of this chat was closed.", "What it subscribes to waits: vision."]
    assert states(product, VISION, GRAPHS) == ["paused", "active"]

    telegram.reopens_topic(FORUM, 3)
    came = product.listens()
    assert states(product, VISION) == ["active"]
    assert [entry.thread for entry in came.entries if "Diffusion of sand" in entry.text] == ["3"]


def test_a_topic_that_wants_nothing_is_closed_without_a_word(product: Product, telegram: FakeTelegram) -> None:
    telegram.closes_topic(FORUM, 3)
    assert not product.listens()
    assert product.later(minutes=1) == []


@pytest.mark.parametrize("first", ["the platform tells it", "a message is refused", "the bot was taken from the old"])
def test_while_a_group_moves_nothing_is_lost_and_nothing_comes_twice(
    product: Product, telegram: FakeTelegram, first: str
) -> None:
    telegram.adds(GROUP)
    product.listens()
    said = product.says(f"/sub@{NAME} diffusion now", GROUP, by=OWNER)
    product.brings("Diffusion of sand")
    if first.startswith("the bot"):
        telegram.kicks(GROUP)
    telegram.migrates(GROUP, SUPERGROUP)
    for step in (product.delivers, product.listens) if first.startswith("a message") else (product.listens,):
        step()
    product.later(minutes=1)
    product.later(days=1)
    assert [entry.text.count("Diffusion of sand") for entry in telegram.posted_to(SUPERGROUP)] == [1]
    assert product.queries(SUPERGROUP) == product.queries(GROUP) == ["diffusion"]

    telegram.adds(SUPERGROUP)  # it greets nobody again, and the buttons of before go along
    assert not product.listens()
    undo = next(str(key["callback_data"]) for key in said.keys if key["text"] == "undo")
    done = product.presses(undo, SUPERGROUP, by=OWNER, tampered=True)
    assert done.text.startswith("✓")
    assert product.queries(SUPERGROUP) == []
