"""What commands say and are called: what finds nothing and what is removed, and that every name has one meaning."""

from bot.commands import intent
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.make import ingested


async def test_what_finds_nothing_and_what_is_removed_is_named(store: Store) -> None:
    ingested(store, "Tides of the Moon")
    bot = BotHarness(store)
    for number in range(1, 13):
        added = await bot.says(f"/sub topic{number} now")
        assert added.lines[1:3] == ["No paper of the last 7 days fits.", "It comes as soon as papers do."]
    removed = (await bot.says("/unsub all")).lines
    assert removed[:2] == ["✓ Removed 12 subscriptions:", "1  topic1"]
    assert "and 2 more of them" in removed


def test_no_two_commands_share_a_name_and_no_two_buttons_a_verb_or_a_letter() -> None:
    names = [name for command in intent.REGISTRY.commands for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    verbs = [verb for module in intent._MODULES for verb in getattr(module, "CALLBACKS", {})]
    assert len(verbs) == len(set(verbs))
    letters = [one.letter for one in intent.REGISTRY.callbacks.values() if one.letter]
    assert len(letters) == len(set(letters))
