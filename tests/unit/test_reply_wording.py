"""What commands say and are called: what finds nothing and what is removed, and that every name has one meaning."""

from bot.commands import registry as intent


def test_no_two_commands_share_a_name_and_no_two_buttons_a_verb() -> None:
    names = [name for command in intent.REGISTRY.commands for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    verbs = [verb for module in intent._MODULES for verb in getattr(module, "CALLBACKS", {})]
    assert len(verbs) == len(set(verbs))
