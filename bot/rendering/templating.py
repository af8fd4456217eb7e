"""The only module that uses Jinja. It has an environment for each platform with its own escape, one for the gallery, one for pages.

A template is a set of macros, one for each kind of view: plain/delivery.txt has `card(paper)`, `head(head)` and so on.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from bot.rendering import brand
from subscriptions.errors import Sentence
from subscriptions.language import Language

if TYPE_CHECKING:
    from jinja2 import Environment
from bot.rendering.static_files import FACES, static_file

_TEMPLATES = ("delivery", "reply", "notice")

# The words of the gallery. Templates contain no words, so that all msgids are found in Python code.
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

Macro = Callable[[object], object]


@lru_cache
def macros(
    platform: str,
    ending: Literal["html", "txt"],
    *,
    filters: tuple[tuple[str, Callable[..., str]], ...] = (),
    escape: Callable[[object], object] | None = None,
) -> Mapping[str, Macro]:
    """Returns the macros of a platform's templates by name.

    `escape` is applied to every value that a template prints. Without `escape`, HTML templates escape HTML. The result
    of a macro has a string type of Jinja, which escapes text that is added to it, so take `str` of it.
    """
    environment = _environment(platform, ending, escape)
    environment.filters.update(filters)
    found: dict[str, Macro] = {}
    for name in _TEMPLATES:
        module = environment.get_template(f"{name}.{ending}").module
        found |= {macro: value for macro, value in vars(module).items() if callable(value)}
    return found


@lru_cache
def _environment(folder: str, ending: str, escape: Callable[[object], object] | None) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - Jinja takes 50 ms, and many processes write no message

    made = Environment(
        loader=PackageLoader("templates", folder),
        autoescape=ending == "html",  # noqa: S701 - other markup has its own escape
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["brand"] = brand
    return made


def draw(platform: str, template: str, **values: object) -> str:
    """Returns the document that an HTML template of a platform draws."""
    return _environment(platform, "html", None).get_template(template).render(**values)


def page_environment() -> "Environment":
    """Returns the environment of the gallery's templates."""
    made = _environment("gallery", "html", None)
    made.filters.update(label=label)
    made.globals["papers_of_pages"] = _rules_of_papers()
    made.globals["faces"] = {
        name: b64encode(static_file(f"fonts/{face}-latin.woff2")).decode()
        for name, face in zip(("Serif", "Sans"), FACES, strict=True)
    }
    return made


def _rules_of_papers() -> str:
    """Returns the rules of the pages' style sheet for papers, by which the gallery shows a message of a page."""
    lines = static_file("style.css").decode().splitlines()
    begin, end = (
        next(n for n, line in enumerate(lines) if line.startswith(rule)) for rule in (".paper {", ".paper.here")
    )
    return "\n".join(lines[begin:end])


def label(language: Language, name: str, **values: object) -> str:
    """Returns the text of the gallery that has this name, in a language."""
    return language.say(_LABELS[name], **values)
