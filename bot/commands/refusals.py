"""Wishes that cannot be granted: what was wrong, where, and what would be understood."""

from collections.abc import Sequence

from bot.commands.voice import Voice
from bot.ports import Reply
from subscriptions import PaperwireError


def refused(error: PaperwireError, voice: Voice, *, code: Sequence[str] = ()) -> Reply:
    """The answer to a wish that is refused. `code` shows the place: the query, and a caret under its column."""
    hint = error.hint.say(voice.translate)
    return Reply(lines=(error.sentence.say(voice.translate), *([hint] if hint else [])), ok=False, code=tuple(code))
