"""The platforms, one folder each, with the facts, the markup, and the incoming and outgoing messages of the platform.

A folder's `__init__.py` declares the FACTS of its platform. It imports no library of the platform, and neither does
this module, which declares the platforms, so that their addresses can be read.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bot.platforms import apprise, console, email, slack, telegram, web
from subscriptions.chats import addresses

if TYPE_CHECKING:  # so that a subcommand that only knows platforms need not load what renders
    from bot.platforms.base import Given, Platform
    from bot.rendering.packing import Renderer

_FACTS = (console.FACTS, web.FACTS, telegram.FACTS, slack.FACTS, email.FACTS, apprise.FACTS)
# name → the module of the adapter, which is imported only if the platform is on; in the order of lists that people read
ADAPTERS = {facts.name: f"bot.platforms.{facts.name}.adapter" for facts in _FACTS}
addresses.declare(*_FACTS)
# The forms of the argument of `--as`, for its help text.
CHAT_FORMS = ", ".join(facts.address_form for facts in _FACTS)


def connect(name: str, given: "Given") -> "Platform":
    """Return a platform without a call to it. Raise SettingsError.

    This imports the platform's library, so call it only for platforms that are on.
    """
    platform: Platform = import_module(ADAPTERS[name]).connect(given)
    return platform


def renderer_of(platform: str) -> "Renderer":
    """Return the renderer of a platform, which may be off. Raise KeyError for an unknown platform."""
    renderer: Renderer = import_module(ADAPTERS[platform].replace(".adapter", ".markup")).RENDERER
    return renderer
