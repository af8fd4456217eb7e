"""Tables of docs/settings.md from the declared settings: `python docs/settings_page.py` writes them into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.platforms import known  # noqa: F401 - declares the platforms, on which defaults depend
from bot.settings import VARIABLES, Settings
from bot.settings.loading import load_settings
from bot.settings.of_rooms import RoomSettings, Variable, declared
from subscriptions import chat_settings
from subscriptions.model import ChatKind

PAGE = Path(__file__).with_name("settings.md")
KINDS = {
    "private chat": (ChatKind.PRIVATE, "telegram"),
    "Telegram group": (ChatKind.GROUP, "telegram"),
    "Telegram channel": (ChatKind.BROADCAST, "telegram"),
    "Slack channel": (ChatKind.TEAM, "slack"),
    "console, web": (ChatKind.PRIVATE, "console"),
}
_PART = re.compile(r"(<!-- (?P<name>[a-z]+), made by settings_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its tables written again."""
    tables = {name: "\n".join(lines) for name, lines in (("variables", _variables()), ("defaults", _defaults()))}
    return _PART.sub(lambda part: f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}", text)


def _table(columns: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    ruled = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return [*ruled, *(f"| {' | '.join(row)} |" for row in rows)]


def _variables() -> list[str]:
    return _table(("variable", "what it is", "without it", "example"), _rows_of_variables(load_settings({}, Path("/"))))


def _rows_of_variables(unset: Settings) -> Iterator[Sequence[str]]:
    """Yields a row for each variable: of the service itself, then of each room. `unset` are the settings without any."""
    for name, variable in VARIABLES.items():
        yield _row(name, variable, getattr(unset, RoomSettings.field_of(name), None))
    for room in declared().values():
        for name, variable in room.VARIABLES.items():
            yield _row(name, variable, getattr(unset.of(room), room.field_of(name)))


def _row(name: str, variable: Variable, default: object) -> Sequence[str]:
    without = variable.without or (f"`{default}`" if default else "")
    return f"`{name}`", variable.meaning, without, f"`{variable.example}`"


def _defaults() -> list[str]:
    """Returns the defaults of the settings whose default depends on the chat."""
    unset = [
        chat_settings.resolve(kind, platform, {}, timezone="the operator's", lang="en")
        for kind, platform in KINDS.values()
    ]
    of_kinds: Mapping[str, Sequence[str]] = {
        name: [f"`{one.value(name)}`" for one in unset] for name in chat_settings.SETTINGS
    }
    rows = ((f"`{name}`", *values) for name, values in of_kinds.items() if len(set(values)) > 1)
    return _table(("setting", *KINDS), rows)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
