"""Reads the operator's settings (docs/settings.md): the environment and paperwire.toml as one frozen value.

A setting that cannot be used raises SettingsError, which names the setting and says what is allowed. The error never
contains the value, which may be a secret that was put into the wrong setting. An empty variable counts as not set.
"""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import PlainValidator, SecretStr, TypeAdapter, ValidationError

from bot.errors import SettingsError, WrongUsage
from bot.settings import VARIABLES, Destination, Settings, SlackWorkspace, SourceSettings, Table
from bot.settings import checks as check
from subscriptions.errors import Sentence

T = TypeVar("T")
P = ParamSpec("P")
Place = tuple[int | str, ...]  # pydantic's path to a value: names, and indexes of lists

NAME = "paperwire.toml"
_MISSPELT = "unexpected_keyword_argument"  # pydantic's name of the error about an unknown name
LARGEST_SECRET = 65_536  # bytes; a larger file is not the file of a secret
_LINE = re.compile(r"\(at (?P<place>line \d+, column \d+)\)$")


@dataclass(frozen=True, slots=True)
class _Tokens(Table):
    """A table [[slack]]: the names of the variables with the tokens of a workspace."""

    bot_token_env: Annotated[str, check.text(check.variable)]
    app_token_env: Annotated[str, check.text(check.variable)] = ""


@dataclass(frozen=True, slots=True)
class _Destination(Table):
    """A table [[destination]]: its name, and the name of the variable with its address, which is a secret."""

    name: Annotated[str, check.text(check.destination_name)]
    url_env: Annotated[str, check.text(check.variable)]


@dataclass(frozen=True, slots=True)
class _Arxiv(Table):
    holidays: tuple[Annotated[date, PlainValidator(check.day)], ...] | None = None


@dataclass(frozen=True, slots=True)
class _Backup(Table):
    to: Annotated[Path | None, check.placed(check.path)] = None


@dataclass(frozen=True, slots=True)
class _Keep(Table):
    papers: Annotated[timedelta | None, check.text(check.age)] = None


@dataclass(frozen=True, slots=True)
class _File(Table):
    """The content of paperwire.toml."""

    source: tuple[SourceSettings, ...] = ()
    slack: tuple[_Tokens, ...] = ()
    destination: tuple[_Destination, ...] = ()
    arxiv: _Arxiv = field(default_factory=_Arxiv)
    backup: _Backup = field(default_factory=_Backup)
    keep: _Keep = field(default_factory=_Keep)


_PLACES = ("path", "url", "arxiv", "openalex", "crossref", "pubmed")
_TABLES: Mapping[str, Any] = {
    "source": SourceSettings,
    "slack": _Tokens,
    "destination": _Destination,
    "arxiv": _Arxiv,
    "backup": _Backup,
    "keep": _Keep,
}
# if the first is set, the second must be set
_TOGETHER = (
    ("PAPERWIRE_SMTP_URL", "PAPERWIRE_MAIL_FROM"),
    ("PAPERWIRE_EMBEDDINGS_URL", "PAPERWIRE_EMBEDDINGS_MODEL"),
    ("PAPERWIRE_MODEL_URL", "PAPERWIRE_MODEL_NAME"),
    ("PAPERWIRE_SLACK_CLIENT_ID", "PAPERWIRE_SLACK_CLIENT_SECRET"),
    ("PAPERWIRE_SLACK_CLIENT_SECRET", "PAPERWIRE_SLACK_CLIENT_ID"),
    # the secret key encrypts the tokens of workspaces that install the app
    ("PAPERWIRE_SLACK_CLIENT_ID", "PAPERWIRE_SECRET_KEY"),
)
_NEEDED = {
    "source": "every source needs one",
    "slack": "every workspace needs one",
    "destination": "every destination needs one",
}


def load_settings(environ: Mapping[str, str], cwd: Path, *, formats: Sequence[str] | None = None) -> Settings:
    """Reads all settings. Relative paths of the environment are relative to `cwd`. Raises SettingsError.

    `formats` are the accepted names of formats; with None every name is accepted.
    """
    settings = load_usable_settings(environ, cwd, formats=formats)
    if settings.wrong:
        raise settings.wrong[0]
    return settings


def load_usable_settings(environ: Mapping[str, str], cwd: Path, *, formats: Sequence[str] | None = None) -> Settings:
    """Like `load_settings`, but a setting that cannot be used counts as not set, and its error is in `Settings.wrong`.

    So do the settings that depend on it: all of a platform, and all of paperwire.toml.
    """
    env, wrong = _Environment(environ, cwd), list[SettingsError]()
    file = _kept(wrong, _read_file, env, formats) or _File()
    texts = {name: found for name in VARIABLES if (found := _kept(wrong, env.text, name)) is not None}
    slack = _without(texts, "PAPERWIRE_SLACK_")
    _kept(wrong, _settings, texts, cwd)
    own = _kept(wrong, _workspace, {"bot_token": "-", **slack}, lambda place: _variable(("slack", *place)))
    wrong += _missing_partners(texts)
    workspaces = [_kept(wrong, _named_workspace, tokens, number, env) for number, tokens in enumerate(file.slack, 1)]
    destinations = [_kept(wrong, _addressed, one, env) for one in file.destination]
    settings = _settings(_without_wrong(texts, wrong), cwd)
    _kept(wrong, _refuse_open_names, settings)
    if "bot_token" in slack:
        workspaces.insert(0, own)
    if not _is_wrong(wrong, "PAPERWIRE_SLACK_"):
        known = tuple(one for one in workspaces if one is not None)
        settings = replace(settings, slack=replace(settings.slack, workspaces=known))
    return replace(
        settings,
        sources=file.source,
        destinations=tuple(one for one in destinations if one is not None),
        holidays=file.arxiv.holidays,
        backup_to=file.backup.to,
        keep_papers=file.keep.papers,
        wrong=tuple({str(error): error for error in wrong}.values()),
        unknown=env.unknown(
            {name for one in file.slack for name in (one.bot_token_env, one.app_token_env)}
            | {one.url_env for one in file.destination}
        ),
    )


def _refuse_open_names(settings: Settings) -> None:
    """Raises SettingsError if everyone who knows the password of the pages could sign in as an operator."""
    for chat in settings.admins if settings.lets_choose_names else ():
        if chat.platform == "web":
            raise SettingsError(
                Sentence(
                    "PAPERWIRE_ADMINS names {chat}, but with PAPERWIRE_WEB_PASSWORD everyone who knows the password can sign in under "
                    "that name.",
                    {"chat": str(chat)},
                ),
                Sentence(
                    "Name a chat of another platform in PAPERWIRE_ADMINS, or set PAPERWIRE_WEB_USER_HEADER instead of the password: "
                    "then your proxy says who opens the pages."
                ),
                setting="PAPERWIRE_ADMINS",
            )


def _kept(wrong: list[SettingsError], read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | None:
    """Returns what `read` returns. If it raises SettingsError, adds the errors to `wrong` and returns None."""
    try:
        return read(*given, **named)
    except SettingsError as error:
        wrong += [error, *error.others]
        return None


def _settings(texts: Mapping[str, str], cwd: Path) -> Settings:
    """Returns the settings of the variables. Raises SettingsError."""
    given = {
        "database_url": check.default_database(),
        **_without(texts, "PAPERWIRE_"),
        "telegram": _without(texts, "PAPERWIRE_TELEGRAM_"),
        "slack": _without(texts, "PAPERWIRE_SLACK_"),
    }
    return _validated(Settings, given, _variable, check.Places(cwd, cwd))


def _missing_partners(texts: Mapping[str, str]) -> Iterator[SettingsError]:
    for one, other in _TOGETHER:
        if one in texts and other not in texts:
            said = Sentence("{given} needs {missing}, which is not set.", {"given": one, "missing": other})
            yield SettingsError(said, setting=one)


def _without_wrong(texts: Mapping[str, str], wrong: Sequence[SettingsError]) -> dict[str, str]:
    """Returns the texts of variables that can be used.

    With half of the settings of a platform, its token could be sent to another server than the one that was meant.
    """
    left = {name: text for name, text in texts.items() if not _is_wrong(wrong, name)}
    for one, other in _TOGETHER:
        if other not in left:
            left.pop(one, None)
    for prefix in ("PAPERWIRE_TELEGRAM_", "PAPERWIRE_SLACK_"):
        if _is_wrong(wrong, prefix):
            left = {name: text for name, text in left.items() if not name.startswith(prefix)}
    return left


def _is_wrong(wrong: Sequence[SettingsError], name: str) -> bool:
    """Returns whether there is an error about a setting whose name begins with this one."""
    return any(error.setting.startswith(name) for error in wrong)


def _without(texts: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Returns the texts of the variables that begin with `prefix`. The keys are the rests of the names, in lower case."""
    return {name.removeprefix(prefix).lower(): found for name, found in texts.items() if name.startswith(prefix)}


def load_sources(environ: Mapping[str, str], cwd: Path) -> tuple[SourceSettings, ...]:
    """Reads only the sources of paperwire.toml, for callers that need no other setting. Raises SettingsError."""
    return _read_file(_Environment(environ, cwd), None).source


def database_address(text: str, cwd: Path) -> SecretStr:
    """Returns the address of a database that was typed as an address or as a file. Raises WrongUsage."""
    try:
        return check.database(text if "://" in text else f"sqlite:///{text}", check.Places(cwd, cwd))
    except check.Unusable as error:
        raise WrongUsage(Sentence("{text} names no database: {why}.", {"text": text, "why": error.reason})) from None


def source_name(option: str, text: str) -> str:
    """Returns the name of a source, given as the value of a command-line option. Raises WrongUsage."""
    try:
        return check.source_name(text)
    except check.Unusable as error:
        raise WrongUsage(_refusal(option, error.reason).sentence) from None


class _Environment:
    """The environment variables of a process, and its current folder."""

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self._environ = environ
        self.cwd = cwd

    def text(self, name: str) -> str | None:
        """Returns the value of NAME, or the text of the file in NAME_FILE without its last line end; None if unset."""
        value, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and file:
            both = Sentence("{name} and {name}_FILE are both set; keep one of them.", {"name": name})
            raise SettingsError(both, setting=name)
        if not file:
            return value or None
        try:
            with (self.cwd / file).open("rb") as opened:
                content = opened.read(LARGEST_SECRET + 1)
            held = content.decode() if len(content) <= LARGEST_SECRET else None
        except (OSError, ValueError):
            held = None
        if held is None:
            raise _refusal(f"{name}_FILE", "it must be the path of a small text file") from None
        return held.removesuffix("\n").removesuffix("\r") or None

    def unknown(self, named: Collection[str]) -> tuple[str, ...]:
        """Returns the variables that begin with PAPERWIRE_ and are neither known nor `named` by paperwire.toml."""
        ours, meant = (name for name in self._environ if name.startswith("PAPERWIRE_")), {*VARIABLES, *named}
        return tuple(sorted(name for name in ours if not {name, name.removesuffix("_FILE")} & meant))


def _read_file(env: _Environment, formats: Sequence[str] | None) -> _File:
    """Reads the file that PAPERWIRE_CONFIG names, or paperwire.toml in the current folder if it exists."""
    named = env.text("PAPERWIRE_CONFIG")
    try:
        path = check.path(named or NAME, check.Places(env.cwd, env.cwd))
    except check.Unusable as error:
        raise _refusal("PAPERWIRE_CONFIG", error.reason) from None
    if not named and not path.exists():
        return _File()
    content = _parsed(path, "PAPERWIRE_CONFIG" if named else NAME)
    file = _validated(_File, content, _line_of_file, check.Places(env.cwd, path.parent.absolute(), formats))
    wrong = [*_twins("source", file.source), *_twins("destination", file.destination), *_placeless(file.source)]
    if wrong:
        raise _together(wrong)
    return replace(file, source=tuple(map(_completed, file.source)))


def _parsed(path: Path, setting: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode().removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        # The parser's message may repeat a part of the file, so only the line and column are taken from it.
        place = _LINE.search(str(error))
        where = place["place"] if place else "its end"
        raise SettingsError(
            Sentence("{name} is not valid TOML; look at {where}.", {"name": NAME, "where": where}),
            Sentence('A line looks like this: name = "daily"'),
            setting=NAME,
        ) from None
    except UnicodeDecodeError:
        raise _refusal(setting, "the file must be UTF-8 text") from None
    except OSError:
        raise _refusal(setting, "the file cannot be read") from None


def _placeless(sources: Sequence[SourceSettings]) -> Iterator[SettingsError]:
    """Yields an error for each source with no or several places."""
    for number, source in enumerate(sources):
        if sum(bool(getattr(source, place)) for place in _PLACES) != 1:
            reason = "a source has exactly one of path, url, arxiv, openalex, crossref and pubmed"
            yield _refusal(_line_of_file(("source", number, "path")), reason)


def _completed(source: SourceSettings) -> SourceSettings:
    """Returns the source, with a default schedule if it has none."""
    usual = None if source.path else "every 30m"
    if source.arxiv:
        usual = "arxiv"
    if source.database:
        usual = "every 6h"
    return replace(source, arxiv=tuple(dict.fromkeys(source.arxiv)), schedule=source.schedule or usual)


def _twins(table: str, named: Sequence[SourceSettings | _Destination]) -> Iterator[SettingsError]:
    """Yields an error for each table that has the name of an earlier one of its kind."""
    names: dict[str, int] = {}
    for number, one in enumerate(named, start=1):
        first = names.setdefault(one.name.casefold(), number)
        if first != number:
            setting = _line_of_file((table, number - 1, "name"))
            yield _refusal(setting, "{table} {first} has the same one", table=table, first=first)


def _addressed(destination: _Destination, env: _Environment) -> Destination:
    """Returns a destination with its address, unchecked: `run` and `paperwire check` report an unusable address."""
    url = env.text(destination.url_env)
    return Destination(destination.name, destination.url_env, None if url is None else SecretStr(url))


def _named_workspace(tokens: _Tokens, number: int, env: _Environment) -> SlackWorkspace:
    """Returns the workspace whose tokens are in the variables that a table [[slack]] names."""
    found: dict[str, str] = {}
    for name, variable in (("bot_token", tokens.bot_token_env), ("app_token", tokens.app_token_env)):
        token = env.text(variable) if variable else None
        if variable and token is None:
            setting = _line_of_file(("slack", number - 1, f"{name}_env"))
            raise _refusal(setting, "the variable that it names is not set")
        found |= {name: token} if token else {}
    return _workspace(found, lambda place: _line_of_file(("slack", number - 1, f"{place[0]}_env")))


def _workspace(tokens: Mapping[str, str], named: Callable[[Place], str]) -> SlackWorkspace:
    return _validated(SlackWorkspace, tokens, named, None)


_adapter = cache(TypeAdapter)  # cached, since creating a TypeAdapter takes longer than using it


def _validated(
    kind: type[T], given: Mapping[str, object], named: Callable[[Place], str], places: check.Places | None
) -> T:
    """Returns the value that pydantic builds. `named` returns a setting's name for errors. Raises SettingsError."""
    try:
        return _adapter(kind).validate_python(given, context=places)  # type: ignore[arg-type, no-any-return]
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # if a name is misspelt, pydantic reports that the right name is missing, too
        misspelt = {one["loc"][:-1] for one in found if one["type"] == _MISSPELT}
        told = [one for one in found if one["type"] != "missing" or one["loc"][:-1] not in misspelt]
        told.sort(key=lambda one: one["type"] != _MISSPELT)
        raise _together([_explained(one["type"], one["loc"], one.get("ctx", {}), named) for one in told]) from None


def _together(wrong: Sequence[SettingsError]) -> SettingsError:
    """Returns the first of several errors, which holds the others."""
    wrong[0].others = wrong[1:]
    return wrong[0]


def _explained(kind: str, place: Place, context: Mapping[str, object], named: Callable[[Place], str]) -> SettingsError:
    """Returns pydantic's error in our words, without the value, which may be a secret."""
    table, unusable = str(place[0]), context.get("error")
    if kind == _MISSPELT:
        known = [one.name for one in fields(_TABLES[table] if len(place) > 1 else _File)]
        near = get_close_matches(str(place[-1]), known, n=1)
        hint = (
            Sentence("Did you mean {key}?", {"key": near[0]})
            if near
            else Sentence("Known: {keys}.", {"keys": ", ".join(known)})
        )
        setting = named(place)
        return SettingsError(Sentence("{setting} means nothing here.", {"setting": setting}), hint, setting=setting)
    if isinstance(unusable, check.Unusable):
        in_list = isinstance(place[-1], int) and str(unusable.reason) == check.NO_TEXT
        return _refusal(named(place), "it must be a list of texts in quotes" if in_list else unusable.reason)
    if kind == "missing":
        return _refusal(named(place), _NEEDED[table])
    if len(place) > 1 and isinstance(place[-1], str):
        return _refusal(named(place), "it must be a list: […]")
    form = "it must be written as [[{key}]]" if table in _NEEDED else "it must be written as [{key}]"
    return _refusal(named((table,)), form, key=table)


def _refusal(setting: str, reason: str | Sentence, **values: object) -> SettingsError:
    """Returns the error for a setting that cannot be used. `reason` ends its sentence, for example "it must be …"."""
    why = Sentence(reason, values) if isinstance(reason, str) else reason
    said = Sentence("{setting} cannot be used: {reason}.", {"setting": setting, "reason": why})
    return SettingsError(said, setting=setting)


def _variable(place: Place) -> str:
    return "_".join(("PAPERWIRE", *(part for part in place if isinstance(part, str)))).upper()


def _line_of_file(place: Place) -> str:
    """Returns how errors name a line of the file: "paperwire.toml: source 2, url" for ("source", 1, "url")."""
    table, *rest = place
    number = f" {rest.pop(0) + 1}" if rest and isinstance(rest[0], int) else ""  # type: ignore[operator]
    return f"{NAME}: {', '.join([f'{table}{number}', *(one for one in rest if isinstance(one, str))])}"
