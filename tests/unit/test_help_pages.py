"""What help shows is read as it stands, and every name has one meaning."""

from bot.commands import intent, start
from subscriptions.planning.times import read_when, split_when
from subscriptions.query.parse import parse_query


def test_every_command_that_people_see_has_examples_of_itself() -> None:
    for command in intent.REGISTRY.commands:
        assert command.examples or not command.listed or command.needs_operator, command.name
        for example in command.examples:
            assert intent.REGISTRY.command_named(example.split()[0].removeprefix("/")) is command


def test_the_queries_and_times_of_the_help_are_read_as_they_stand() -> None:
    for query, _ in start.QUERIES:
        assert parse_query(query).hints == ()
    for when, _ in start.WHENS:
        read_when(when)
        ending = split_when(f"diffusion {when}")
        assert (ending.query, ending.when) == ("diffusion", when)


def test_no_two_commands_share_a_name_and_no_two_buttons_a_verb_or_a_letter() -> None:
    names = [name for command in intent.REGISTRY.commands for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    verbs = [verb for module in intent._MODULES for verb in getattr(module, "CALLBACKS", {})]
    assert len(verbs) == len(set(verbs))
    letters = [one.letter for one in intent.REGISTRY.callbacks.values() if one.letter]
    assert len(letters) == len(set(letters))
