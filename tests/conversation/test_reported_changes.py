"""A command reports whether it changed a chat's subscriptions, so that no one has to read and compare them."""

import pytest
from sqlalchemy import event

from subscriptions.errors import NotFound
from subscriptions.service import listing
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.make import address

ME = "telegram:42"
STEPS = (
    "/lang en",
    "/pause",
    "/resume",
    "/sub graph",
    "/sub graph",
    "/sub graph daily 9",
    "/sub graph daily 9",
    "/sub tree weekly mon 9\nforest daily 8",
    "/sub leaf daily 7\n((",
    "/set text titles",
    "/set limit 5",
    "/timezone Tokyo",
    "/undo",
    "/name 1 Graphs",
    "/name 1 Graphs",
    "/edit 2 trees",
    "/edit 2 trees",
    "/edit 1 trees",
    "/schedule 1 weekly mon 9",
    "/schedule daily 8",
    "/schedule daily 8",
    "/pause 1",
    "/pause 1",
    "/list",
    "/resume 1",
    "/resume 1",
    "/pause",
    "/pause until 2026-02-01",
    "/status",
    "/resume",
    "/unsub 7",
    "/unsub 1",
    "/undo",
    "/unsub 1 2",
    "/undo",
    "/undo",
    "/preview",
    "/help",
    "daily 8 | quantum",
    "/unsub all",
    "/pause",
)


def state_of(store: Store, chat: str) -> object:
    """Returns the subscriptions of a chat and whether the chat is paused; an empty value if it has no subscriptions."""
    try:
        known, subscriptions = (
            listing.get_chat(store, address(chat)),
            [one.subscription for one in listing.listed(store, address(chat))],
        )
    except NotFound:
        return ()
    shown = [(s.number, s.name, s.text, s.cadence, s.zone, s.state, s.paused_until) for s in subscriptions]
    return (known.state, known.paused_until, *shown) if shown else ()


async def test_a_reply_says_changed_if_and_only_if_the_subscriptions_of_the_chat_are_others(bot: BotHarness) -> None:
    bot.brings("A graph")
    for step in STEPS:
        before = state_of(bot.store, ME)
        bot.later(minutes=1)  # a chat may send twenty commands a minute
        reply = (await bot.says(step)).stored_reply
        assert reply is not None
        assert (step, reply.changed) == (step, before != state_of(bot.store, ME))


@pytest.mark.parametrize("step", ["/set text titles", "/set limit 5", "/set buttons off"])
async def test_the_change_of_a_setting_reads_the_subscriptions_for_undo_alone(bot: BotHarness, step: str) -> None:
    await bot.says("/sub graph")
    read: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT") and "FROM subscription" in statement:
            read.append(statement)

    event.listen(bot.store._engine, "before_cursor_execute", note)
    await bot.says(step)
    assert len(read) == 1  # the state before the change, which an undo needs


async def test_a_subscription_reads_its_chat_seldom_and_says_little_to_the_database(bot: BotHarness) -> None:
    await bot.says("/sub graph")
    said: list[str] = []
    event.listen(bot.store._engine, "before_cursor_execute", lambda _, __, statement, *___: said.append(statement))
    assert (await bot.says("/sub graph agent daily 9:00", "telegram:43")).text.startswith("✓ 1")
    said = [one for one in said if not one.startswith("BEGIN")]  # on PostgreSQL, this is a statement as well
    of_the_chat = [one for one in said if one.startswith("SELECT") and "FROM chat" in one]
    assert (len(said) <= 58, len(of_the_chat)) == (True, 7), said
