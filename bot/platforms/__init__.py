"""The platforms, one folder each, with the facts, the markup, and the incoming and outgoing messages of the platform.

A folder's `__init__.py` declares the FACTS of its platform, and perhaps SUBCOMMANDS. It imports no library of the platform.
"""

from importlib import import_module

# A platform whose line is missing here does not exist. The order is that of lists that people read.
FOLDERS = (
    "console",
    "web",
    "telegram",
    "slack",
    "email",
    "apprise",
)
_ROOMS = tuple(import_module(f"bot.platforms.{name}") for name in FOLDERS)
FACTS = tuple(room.FACTS for room in _ROOMS)
SUBCOMMANDS = tuple(one for room in _ROOMS for one in getattr(room, "SUBCOMMANDS", ()))
# The forms of the argument of `--as`, for its help text.
CHAT_FORMS = ", ".join(facts.address_form for facts in FACTS)
