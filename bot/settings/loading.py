"""Reads the operator's settings (docs/settings.md) from the environment, files of secrets and paperwire.toml: what is missing or misspelt.

A setting that cannot be used raises SettingsError, which names the setting and says what is allowed. The error never
contains the value, which may be a secret that was put into the wrong setting. An empty variable counts as not set.
"""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

from platformdirs import user_data_path
from pydantic import PlainValidator, SecretStr, TypeAdapter, ValidationError

from bot.errors import SettingsError, WrongUsage
from bot.settings import VARIABLES, Settings, SourceSettings, all_variables
from bot.settings import checks as check
from bot.settings.of_rooms import ReadVariable, RoomSettings, Table, TableOfRoom, declared
from subscriptions.errors import Sentence

T = TypeVar("T")
P = ParamSpec("P")
Place = tuple[int | str, ...]  # pydantic's path to a value: names, and indexes of lists

NAME = "paperwire.toml"
_MISSPELT = "unexpected_keyword_argument"  # pydantic's name of the error about an unknown name
_LARGEST_SECRET = 65_536  # bytes; a larger file is not the file of a secret
_IN_CURRENT_FOLDER = "sqlite:///paperwire.db"  # only stands in for an address that cannot be used
_LINE = re.compile(r"\(at (?P<place>line \d+, column \d+)\)$")


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
    arxiv: _Arxiv = field(default_factory=_Arxiv)
    backup: _Backup = field(default_factory=_Backup)
    keep: _Keep = field(default_factory=_Keep)


_PLACES = ("path", "url", "arxiv", "openalex", "crossref", "pubmed")
_TABLES: Mapping[str, type[Table]] = {"source": SourceSettings, "arxiv": _Arxiv, "backup": _Backup, "keep": _Keep}


@cache
def _tables_of_rooms() -> Mapping[str, type[TableOfRoom]]:
    return {table.NAME: table for room in declared().values() for table in room.TABLES.values()}


def _table(name: str) -> type[Table]:
    return _TABLES.get(name) or _tables_of_rooms()[name]


@cache
def _file_type() -> type[_File]:
    """Returns the type of paperwire.toml with the tables of the rooms."""
    lists = [(name, tuple[table, ...], ()) for name, table in _tables_of_rooms().items()]  # type: ignore[valid-type]
    return make_dataclass("File", lists, bases=(_File,), frozen=True, slots=True)


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
    env, wrong, rooms = _Environment(environ, cwd), list[SettingsError](), declared().values()
    file = _kept(wrong, _read_file, env, formats) or _File()
    known = all_variables()
    texts = {name: found for name in known if (found := _kept(wrong, env.text, name)) is not None}
    default = _IN_CURRENT_FOLDER
    if "PAPERWIRE_DATABASE_URL" not in texts:
        default = _kept(wrong, _default_database) or default
    _kept(wrong, _settings, texts, cwd, default)
    of_rooms = [_settings_of_room(wrong, room, texts, file, env) for room in rooms]
    settings = _settings({name: text for name, text in texts.items() if not _is_wrong(wrong, name)}, cwd, default)
    _kept(wrong, _refuse_open_names, settings)
    return replace(
        settings,
        of_rooms=tuple(one for one in of_rooms if one != type(one)()),
        sources=file.source,
        holidays=file.arxiv.holidays,
        backup_to=file.backup.to,
        keep_papers=file.keep.papers,
        wrong=tuple({str(error): error for error in wrong}.values()),
        unknown=env.unknown({*known, *_variables_of_tables(file)}),
    )


def _settings_of_room(
    wrong: list[SettingsError], kind: type[RoomSettings], texts: Mapping[str, str], file: _File, env: "_Environment"
) -> RoomSettings:
    """Returns the settings of a room, and adds their errors to `wrong`.

    If a variable cannot be used, none of the room counts: with half of the settings of a platform, its token could be sent
    to another server than the one that was meant.
    """
    variables = {kind.field_of(name): name for name in kind.VARIABLES}
    given = {field: texts[name] for field, name in variables.items() if name in texts}
    settings = _kept(wrong, _validated, kind, given, lambda place: variables[str(place[0])], None)
    wrong += _missing_partners(texts, kind.TOGETHER)
    rows = {field: _values_of_tables(wrong, table, file, env) for field, table in kind.TABLES.items()}
    if settings is None or any(_is_wrong(wrong, name) for name in kind.VARIABLES):
        return kind()
    return replace(settings, **rows)  # type: ignore[type-var]


def _values_of_tables(
    wrong: list[SettingsError], table: type[TableOfRoom], file: _File, env: "_Environment"
) -> tuple[object, ...]:
    """Returns what the tables of a kind mean, without those that cannot be used. Adds the errors to `wrong`."""
    given: Sequence[TableOfRoom] = getattr(file, table.NAME, ())
    values = [_kept(wrong, one.value, _reader(one, number, env)) for number, one in enumerate(given)]
    return tuple(value for value in values if value is not None)


def _reader(table: TableOfRoom, number: int, env: "_Environment") -> ReadVariable:
    """Returns what reads the variables that a table names."""

    def read(field: str, check_text: Callable[[str], str], /, *, must_be_set: bool = True) -> SecretStr | None:
        variable, setting = getattr(table, field), _line_of_file((table.NAME, number, field))
        text = env.text(variable) if variable else None
        if text is None and variable and must_be_set:
            raise _refusal(setting, "the variable that it names is not set")
        try:
            return None if text is None else SecretStr(check_text(text))
        except check.Unusable as error:
            raise _refusal(setting, error.reason) from None

    return read


def _variables_of_tables(file: _File) -> Iterator[str]:
    """Yields the variables that tables of rooms name."""
    for name in _tables_of_rooms():
        for table in getattr(file, name, ()):
            yield from (getattr(table, one.name) for one in fields(table) if one.name.endswith("_env"))


def _refuse_open_names(settings: Settings) -> None:
    """Raises SettingsError if everyone who knows the password of the pages could sign in as an operator."""
    if not settings.lets_choose_names:
        return
    for chat in settings.admins:
        if chat.platform == "web":
            raise SettingsError(
                Sentence(
                    "PAPERWIRE_ADMINS names {chat}, but with PAPERWIRE_WEB_PASSWORD everyone who knows the password can sign in under "
                    "that name.",
                    {"chat": str(chat)},
                ),
                Sentence("Name a chat of another platform in PAPERWIRE_ADMINS."),
                setting="PAPERWIRE_ADMINS",
            )


def _kept(wrong: list[SettingsError], read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | None:
    """Returns what `read` returns. If it raises SettingsError, adds the errors to `wrong` and returns None."""
    try:
        return read(*given, **named)
    except SettingsError as error:
        wrong += [error, *error.others]
        return None


def _default_database() -> str:
    """Returns the address of a SQLite file in the user's folder for data of programs. Raises SettingsError without a home."""
    try:
        return f"sqlite:///{user_data_path('paperwire', appauthor=False) / 'paperwire.db'}"
    except RuntimeError:
        raise SettingsError(
            "PAPERWIRE_DATABASE_URL is not set, and this user has no home folder in which the database could be.",
            "Set it, for example to sqlite:////srv/paperwire/paperwire.db.",
            setting="PAPERWIRE_DATABASE_URL",
        ) from None


def _settings(texts: Mapping[str, str], cwd: Path, database: str) -> Settings:
    """Returns the settings of the variables; `database` is the address without a variable. Raises SettingsError."""
    given = {
        "database_url": database,
        **{name.removeprefix("PAPERWIRE_").lower(): text for name, text in texts.items() if name in VARIABLES},
    }
    return _validated(Settings, given, _variable, check.Places(cwd, cwd))


def _missing_partners(texts: Mapping[str, str], together: Sequence[tuple[str, str]]) -> Iterator[SettingsError]:
    for one, other in together:
        if one in texts and other not in texts:
            said = Sentence("{given} needs {missing}, which is not set.", {"given": one, "missing": other})
            yield SettingsError(said, setting=one)


def _is_wrong(wrong: Sequence[SettingsError], name: str) -> bool:
    """Returns whether there is an error about a setting whose name begins with this one."""
    return any(error.setting.startswith(name) for error in wrong)


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
            return _secret_in(self.cwd / file)
        except check.Unusable as error:
            raise _refusal(f"{name}_FILE", error.reason) from None

    def unknown(self, known: Collection[str]) -> tuple[str, ...]:
        """Returns the variables that begin with PAPERWIRE_ and are neither known nor the file of a known one."""
        ours = (name for name in self._environ if name.startswith("PAPERWIRE_"))
        return tuple(sorted(name for name in ours if not {name, name.removesuffix("_FILE")} & {*known}))


def _secret_in(path: Path) -> str:
    """Returns the text of a file without its last line end. Raises Unusable, without the path: it may be a misplaced secret."""
    try:
        with path.open("rb") as opened:
            content = opened.read(_LARGEST_SECRET + 1)
        held = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise check.Unusable("the file that it names holds no text in UTF-8") from None
    except OSError as error:
        raise check.Unusable("the file that it names cannot be read: {why}", why=_why(error)) from None
    check.usable(held, "the file that it names is too large for a secret", when=len(content) <= _LARGEST_SECRET)
    return (
        check.usable(held, "the file that it names is empty", when=held.strip()).removesuffix("\n").removesuffix("\r")
    )


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
    file = _validated(_file_type(), content, _line_of_file, check.Places(env.cwd, path.parent.absolute(), formats))
    lists = {name: getattr(file, name) for name in ("source", *_tables_of_rooms())}
    wrong = [*(error for name, tables in lists.items() for error in _twins(name, tables)), *_placeless(file.source)]
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
    except OSError as error:
        raise _refusal(setting, "the file cannot be read: {why}", why=_why(error)) from None


def _why(error: OSError) -> str:
    """Returns what the system says, such as "permission denied"."""
    return (error.strerror or "unknown").lower()


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


def _twins(table: str, tables: Sequence[Table]) -> Iterator[SettingsError]:
    """Yields an error for each table that has the name of an earlier one of its kind. Some kinds have no names."""
    names: dict[str, int] = {}
    for number, one in enumerate(tables, start=1):
        first = names.setdefault(getattr(one, "name", str(number)).casefold(), number)
        if first != number:
            setting = _line_of_file((table, number - 1, "name"))
            yield _refusal(setting, "{table} {first} has the same one", table=table, first=first)


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
        known = [one.name for one in fields(_table(table) if len(place) > 1 else _file_type())]  # type: ignore[arg-type]
        near = get_close_matches(str(place[-1]), known, n=1)
        if near:
            hint = Sentence("Did you mean {key}?", {"key": near[0]})
        else:
            hint = Sentence("Known: {keys}.", {"keys": ", ".join(known)})
        setting = named(place)
        return SettingsError(Sentence("{setting} means nothing here.", {"setting": setting}), hint, setting=setting)
    if isinstance(unusable, check.Unusable):
        in_list = isinstance(place[-1], int) and str(unusable.reason) == check.NO_TEXT
        return _refusal(named(place), "it must be a list of texts in quotes" if in_list else unusable.reason)
    if kind == "missing":
        return _refusal(named(place), _table(table).MISSING)
    if len(place) > 1 and isinstance(place[-1], str):
        return _refusal(named(place), "it must be a list: […]")
    form = "it must be written as [[{key}]]" if _table(table).MISSING else "it must be written as [{key}]"
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
