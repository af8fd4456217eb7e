"""The only module with Jinja: an environment for each platform, with its own escape, one for the gallery, one for pages of the web address.

A template is a set of macros, one for each kind of view: plain/delivery.txt has `card(paper)`, `head(head)` and so on.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from bot.rendering.text.cleaning import hanging
from bot.rendering.text.language import Language
from subscriptions.errors import Sentence

if TYPE_CHECKING:  # importing Jinja takes 50 ms, so it waits for the first message
    from jinja2 import Environment

_TEMPLATES = ("delivery", "reply", "notice")

# The words of a page. Templates have none, so that all are found when msgids are collected.
_LABELS: Mapping[str, Sentence] = {
    "buttons": Sentence("Buttons"),
    "silent": Sentence("sent without a sound"),
    "edited": Sentence("edited"),
    "menu": Sentence("Menu: more about this paper"),
    "subscriptions": Sentence("Subscriptions"),
    "received": Sentence("What {chat} received"),
    "skip": Sentence("To the chats"),
    "chats": Sentence("Chats"),
    "turn": Sentence("Your turn"),
}

Macro = Callable[[object], str]


def macros(
    platform: str,
    ending: Literal["html", "txt"],
    *,
    filters: Mapping[str, Callable[..., str]] | None = None,
    escape: Callable[[object], object] | None = None,
) -> Mapping[str, Macro]:
    """Returns the macros of a platform's templates by name.

    `escape` is applied to every value that a template prints. Without it, templates of HTML escape HTML.
    """
    environment = _environment(platform, ending, escape)
    environment.filters.update(filters or {})
    found: dict[str, Macro] = {}
    for name in _TEMPLATES:
        module = environment.get_template(f"{name}.{ending}").module
        found |= {macro: _plain(value) for macro, value in vars(module).items() if callable(value)}
    return found


@lru_cache
def _environment(folder: str, ending: str, escape: Callable[[object], object] | None) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - Jinja takes 50 ms, and many processes write no message

    return Environment(
        loader=PackageLoader("templates", folder),
        autoescape=ending == "html",  # noqa: S701 - other markup has its own escape
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _plain(macro: Callable[[object], object]) -> Macro:
    """Returns the macro as a function that returns str; Jinja's own string type would escape what is added to it."""
    return lambda view: str(macro(view))


def page_environment() -> "Environment":
    """Returns the environment of the gallery's templates."""
    made = _environment("gallery", "html", None)
    made.filters.update(hanging=hanging, label=label)
    return made


def web_environment() -> "Environment":
    """Returns the environment of the templates of pages for people."""
    return _environment("web/pages", "html", None)


def label(language: Language, name: str, **values: object) -> str:
    """Returns one of the words of the page."""
    return replace(_LABELS[name], values=values).say(language.translate)
