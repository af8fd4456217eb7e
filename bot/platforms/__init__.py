"""The platforms, one folder each, with the facts, the markup, and the incoming and outgoing messages of the platform.

Importing this package declares the platforms, so that addresses of their chats can be read.

A folder's `__init__.py` declares the FACTS of its platform, and perhaps LIBRARIES. It imports no library of the platform.
"""

from importlib import import_module

from subscriptions import addresses

# their names, in the order of lists that people read
PLATFORMS = ("console", "web", "telegram", "slack", "email", "apprise")
_FOLDERS = tuple(import_module(f"bot.platforms.{name}") for name in PLATFORMS)
FACTS = tuple(folder.FACTS for folder in _FOLDERS)
# whose logs show addresses with tokens
LIBRARIES = tuple(name for folder in _FOLDERS for name in getattr(folder, "LIBRARIES", ()))
# The forms of the argument of `--as`, for its help text.
CHAT_FORMS = ", ".join(facts.address_form for facts in FACTS)
addresses.declare(*FACTS)
