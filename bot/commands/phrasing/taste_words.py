"""Explains why a paper is further up: a person here opened, saved or liked a similar one, or follows its author."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.commands.phrasing.localizer import Localizer
from subscriptions.errors import Sentence
from subscriptions.service.papers import Nearest
from subscriptions.states import Signal

_MOST_WORDS = 5  # that are named
_BECAUSE: Mapping[Signal, Sentence] = MappingProxyType(
    {
        Signal.OPENED: Sentence("Further up, because you opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because you follow an author of “{title}”: {words}"),
        Signal.SAVED: Sentence("Further up, because you saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because you liked “{title}”: {words}"),
    }
)
_BECAUSE_HERE: Mapping[Signal, Sentence] = MappingProxyType(
    {
        Signal.OPENED: Sentence("Further up, because somebody here opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because an author of “{title}” is followed here: {words}"),
        Signal.SAVED: Sentence("Further up, because somebody here saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because somebody here liked “{title}”: {words}"),
    }
)


def taste_line(found: Nearest, title: str, localizer: Localizer, *, in_group: bool) -> str:
    """Returns a sentence that says which paper moved another one up. `title` is the title of the first one."""
    because = (_BECAUSE_HERE if in_group else _BECAUSE)[found.kind]
    return replace(because, values={"title": title, "words": ", ".join(found.words[:_MOST_WORDS])}).say(
        localizer.translate
    )
