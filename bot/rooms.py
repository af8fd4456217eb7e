"""The rooms that can be removed, each with a line here. Without its line, a room does not exist.

A room is found by the names of its modules: `settings` declares its settings (bot/settings/of_rooms.py), `chosen_encoder`
has an encoder of meaning, `language_model` has a language model, `understanding` understands sentences, `commands` adds
commands and buttons. No other place names it.
"""

from collections.abc import Mapping
from importlib.util import find_spec

# The order of the platforms is that of lists that people read.
ROOMS = (
    "bot.platforms.console",
    "bot.platforms.web",
    "bot.platforms.telegram",
    "bot.platforms.slack",
    "bot.platforms.email",
    "bot.platforms.apprise",
    "bot.meaning",
    "bot.model",
    "bot.library",
    "bot.pages",
    "bot.sentences",
)
_PLATFORMS = "bot.platforms."
# the names of the platforms
PLATFORMS = tuple(room.removeprefix(_PLATFORMS) for room in ROOMS if room.startswith(_PLATFORMS))


def modules(name: str) -> Mapping[str, str]:
    """Returns the modules of this name, which are not imported yet: room → module."""
    return {room: f"{room}.{name}" for room in ROOMS if find_spec(f"{room}.{name}")}
