"""Settings of a chat that were changed."""

from bot.commands.voice import Voice
from bot.ports import Reply
from subscriptions import Chat, ChatSettings


def changed(name: str, before: Chat, after: Chat, voice: Voice) -> Reply:
    """The answer to `set`; `name` is one of SETTINGS."""
    old, new = value_of(before.settings, name), value_of(after.settings, name)
    if old == new:
        return Reply(lines=(voice.say("{name} is {value}, as it was.", name=name, value=new),), ok=True)
    lines = [voice.say("{name} is now {value}; it was {old}.", name=name, value=new, old=old)]
    if name == "timezone":
        lines += fixed_offset(new, voice)
    return Reply(lines=tuple(lines), ok=True)


def value_of(settings: ChatSettings, name: str) -> str:
    """A setting as people write it: no limit is `all`."""
    value = getattr(settings, name)
    return "all" if value is None else str(value)


def fixed_offset(zone: str, voice: Voice) -> list[str]:
    """What a person should know of a zone that is only an offset; nothing of any other."""
    if zone[:1] not in ("+", "-"):
        return []
    return [voice.say("{zone} is a fixed offset, so it ignores summer time.", zone=zone)]
