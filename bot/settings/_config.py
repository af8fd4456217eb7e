"""Reads paperwire.toml: sources, further Slack workspaces, arXiv's holidays, the folder for backups, how long papers are kept."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot.errors import SettingsError
from bot.settings import _checks as check
from bot.settings._environment import Environment, unusable_setting, use
from bot.settings._model import SlackWorkspace, SourceSettings
from subscriptions.errors import Sentence

T = TypeVar("T")
D = TypeVar("D")

NAME = "paperwire.toml"
_PLACE = re.compile(r"\(at (?P<place>line \d+, column \d+)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The content of paperwire.toml."""

    sources: tuple[SourceSettings, ...] = ()
    workspaces: tuple[SlackWorkspace, ...] = ()
    holidays: tuple[date, ...] | None = None
    backup_to: Path | None = None
    keep_papers: timedelta | None = None
    variables: frozenset[str] = field(default_factory=frozenset)  # names of environment variables that the file names


class Table:
    """One table of the file. `place` names the table in errors: "source 2" for the second [[source]]."""

    def __init__(self, content: Mapping[str, object], place: str, known: tuple[str, ...]) -> None:
        """Raises SettingsError for a key that is not `known`, and names the most similar known key."""
        self._content = content
        self._place = place
        for key in content:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = (
                    Sentence("Did you mean {key}?", {"key": near[0]})
                    if near
                    else Sentence("Known are: {keys}.", {"keys": ", ".join(known)})
                )
                raise SettingsError(Sentence("{setting} means nothing here.", {"setting": self.setting(key)}), hint)

    def setting(self, key: str) -> str:
        """Returns the name of a key for errors."""
        return f"{NAME}: {f'{self._place}, ' if self._place else ''}{key}"

    def refuse(self, key: str, reason: str, /, **values: object) -> SettingsError:
        """Returns the error for a key that cannot be used."""
        return unusable_setting(self.setting(key), Sentence(reason, values))

    def read(self, key: str, checked: Callable[[str], T], default: D) -> T | D:
        """Returns the result of `checked` for the text of a key; `default` if the key is absent."""
        if key not in self._content:
            return default
        value = self._content[key]
        if not isinstance(value, str):
            raise self.refuse(key, "it must be a text in quotes")
        return use(self.setting(key), value, checked)

    def read_all(self, key: str, checked: Callable[[str], T]) -> tuple[T, ...] | None:
        """Returns the results of `checked` for the texts or dates of a list; None if the key is absent."""
        if key not in self._content:
            return None
        values = self._content[key]
        if not isinstance(values, list):
            raise self.refuse(key, "it must be a list: […]")
        texts = [value.isoformat() if isinstance(value, date) else value for value in values]
        if not all(isinstance(text, str) for text in texts):
            raise self.refuse(key, "it must be a list of texts in quotes")
        return tuple(use(self.setting(key), str(text), checked) for text in texts)

    def tables(self, key: str, known: tuple[str, ...]) -> list["Table"]:
        """Returns the tables of [[key]]."""
        content = self._content.get(key, [])
        if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
            raise self.refuse(key, "it must be written as [[{key}]]", key=key)
        return [Table(one, f"{key} {number}", known) for number, one in enumerate(content, start=1)]

    def table(self, key: str, known: tuple[str, ...]) -> "Table":
        """Returns the table of [key]; an empty table if the key is absent."""
        content = self._content.get(key, {})
        if not isinstance(content, dict):
            raise self.refuse(key, "it must be written as [{key}]", key=key)
        return Table(content, key, known)


def read_sources(env: Environment, formats: Sequence[str] | None) -> tuple[SourceSettings, ...]:
    """Reads only the sources of the file."""
    found = _file(env)
    return _sources(*found, formats) if found else ()


def read_config(env: Environment, formats: Sequence[str] | None) -> Config:
    """Reads the file that PAPERWIRE_CONFIG names, else paperwire.toml in the current folder if that exists."""
    found = _file(env)
    if found is None:
        return Config()
    top, folder = found
    sources = _sources(top, folder, formats)
    workspaces = [_workspace(table, env) for table in top.tables("slack", ("bot_token_env", "app_token_env"))]
    return Config(
        sources=sources,
        workspaces=tuple(workspace for workspace, _ in workspaces),
        holidays=top.table("arxiv", ("holidays",)).read_all("holidays", check.day),
        backup_to=top.table("backup", ("to",)).read("to", check.path_in(folder), None),
        keep_papers=top.table("keep", ("papers",)).read("papers", check.age, None),
        variables=frozenset(name for _, names in workspaces for name in names),
    )


def _file(env: Environment) -> tuple[Table, Path] | None:
    """Returns the content of the file and the file's folder; None if there is no file."""
    named = env.read("PAPERWIRE_CONFIG", check.path_in(env.cwd), None)
    path = named or env.cwd / NAME
    if named is None and not path.exists():
        return None
    top = Table(_parse(path, named=named is not None), "", ("source", "slack", "arxiv", "backup", "keep"))
    return top, path.parent.absolute()


def _sources(top: Table, folder: Path, formats: Sequence[str] | None) -> tuple[SourceSettings, ...]:
    keys = (
        "name",
        "title",
        "home",
        "path",
        "url",
        "arxiv",
        "format",
        "schedule",
        "language",
        "announce",
        "speaks_for",
        "links",
    )
    format_name = check.format_name if formats is None else check.one_of(formats)
    sources = tuple(_source(table, folder, format_name) for table in top.tables("source", keys))
    _refuse_equal_names(sources)
    return sources


def _parse(path: Path, *, named: bool) -> Mapping[str, object]:
    setting = "PAPERWIRE_CONFIG" if named else NAME
    try:
        return tomllib.loads(path.read_bytes().decode().removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        # The parser's message may repeat a part of the file, so only the place is taken from it.
        place = _PLACE.search(str(error))
        where = place["place"] if place else "its end"
        raise SettingsError(
            Sentence("{name} is not valid TOML; look at {where}.", {"name": NAME, "where": where}),
            Sentence('A line looks like this: name = "daily"'),
        ) from None
    except UnicodeDecodeError:
        raise unusable_setting(setting, Sentence("the file must be UTF-8 text")) from None
    except OSError:
        raise unusable_setting(setting, Sentence("the file cannot be read")) from None


def _source(table: Table, folder: Path, format_name: Callable[[str], str]) -> SourceSettings:
    name = table.read("name", check.source_name, None)
    if name is None:
        raise table.refuse("name", "every source needs one")
    path = table.read("path", check.path_in(folder), None)
    url = table.read("url", check.source_url, None)
    arxiv = table.read_all("arxiv", check.archive)
    if (path is not None) + (url is not None) + bool(arxiv) != 1:
        raise table.refuse("path", "a source has exactly one of path, url and arxiv")
    schedule = "arxiv" if arxiv else "every 30m" if url else None
    return SourceSettings(
        name=name,
        title=table.read("title", check.line, ""),
        home=table.read("home", check.url, ""),
        path=path,
        url=url,
        arxiv=tuple(dict.fromkeys(arxiv or ())),
        format=table.read("format", format_name, None),
        schedule=table.read("schedule", check.schedule, schedule),
        language=table.read("language", check.language, None),
        announce=table.read("announce", check.announce, "recent"),
        speaks_for=table.read("speaks_for", check.speaks_for, None),
        links=table.read("links", check.links, "within"),
    )


def _refuse_equal_names(sources: tuple[SourceSettings, ...]) -> None:
    seen: dict[str, int] = {}
    for number, source in enumerate(sources, start=1):
        first = seen.setdefault(source.name.casefold(), number)
        if first != number:
            raise unusable_setting(
                f"{NAME}: source {number}, name", Sentence("source {first} has the same one", {"first": first})
            )


def _workspace(table: Table, env: Environment) -> tuple[SlackWorkspace, tuple[str, ...]]:
    """Returns a workspace, and the names of the environment variables with its tokens."""
    names = [table.read(key, check.variable, None) for key in ("bot_token_env", "app_token_env")]
    bot = _named_token(table, "bot_token_env", names[0], env, check.slack_bot_token)
    app = _named_token(table, "app_token_env", names[1], env, check.slack_app_token)
    if bot is None:
        raise table.refuse("bot_token_env", "every workspace needs one")
    return SlackWorkspace(bot_token=bot, app_token=app), tuple(name for name in names if name)


def _named_token(
    table: Table, key: str, name: str | None, env: Environment, checked: Callable[[str], str]
) -> SecretStr | None:
    if name is None:
        return None
    token = env.text(name)
    if token is None:
        raise table.refuse(key, "the variable that it names is not set")
    return SecretStr(use(table.setting(key), token, checked))
