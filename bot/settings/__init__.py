"""The operator's settings: every variable and every line of paperwire.toml, with its default.

`values` says what each may be.

`load_settings` reads them. Whoever builds `Settings` directly, as the demo and tests do, reads neither variables nor a
file. docs/settings.md explains each to operators.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from errno import ENODATA
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from bot.log import system_words
from bot.settings import values
from subscriptions.errors import SettingsError

PREFIX = "PAPERWIRE_"
FILE = "paperwire.toml"
EVERYTHING = "arxiv"  # the name of the only source if the settings name none
# what brings the papers of a source → how often it is asked by default; a path is watched instead
PLACES = {
    "path": None,
    "url": "every 30m",
    "arxiv": "arxiv",
    "openalex": "every 6h",
    "crossref": "every 6h",
    "pubmed": "every 6h",
}
LARGEST_FILE = 16 << 20  # bytes of paperwire.toml and of a file of subscriptions
_LARGEST_SECRET = 65_536  # bytes; a larger file is not the file of a secret
_ALIKE = 0.85  # as alike a misspelt name of a variable is to the right one
_LINE = re.compile(r"\(at (?P<place>line \d+, column \d+)\)$")


class _Table(BaseModel):
    """A table of paperwire.toml. An unknown name in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SourceSettings(_Table):
    """One source of digests. Exactly one of PLACES is given."""

    name: values.Name  # unique regardless of letter case
    title: values.Line = ""  # shown at the end of deliveries with papers of this source, as a link to `home`
    home: values.WebAddress = ""
    path: values.PathOfFile | None = None  # absolute; may contain glob wildcards
    url: values.DigestAddress | None = Field(None, repr=False)  # may contain "{date}"
    arxiv: tuple[values.Category, ...] = ()  # archives and categories: "hep-th", "cs.LG"
    openalex: values.Filters | None = None  # filters of OpenAlex, comma between
    crossref: tuple[values.Filters, ...] = ()  # filters of Crossref: "issn:1234-5678"
    pubmed: values.Line | None = None  # a query of PubMed
    format: values.Line | None = None  # the name of a format; None: recognised by content
    schedule: values.Schedule | None = (
        None  # "arxiv", "every 30m" or a cron line; None only for a path, which is watched
    )
    language: values.Language | None = None  # of its summaries, ISO 639-1; None: recognised by their script
    # "all" also announces old digests (subscriptions/sources/poll_results.py)
    announce: Annotated[Literal["recent", "all"], values.AnyCase] = "recent"

    @model_validator(mode="before")
    @classmethod
    def _usual_schedule(cls, given: object) -> object:
        if not isinstance(given, dict) or given.get("schedule"):
            return given
        return {**given, "schedule": next((usual for place, usual in PLACES.items() if given.get(place)), None)}

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        reason = "a source has exactly one of path, url, arxiv, openalex, crossref and pubmed"
        return values.allowed(self, reason, when=sum(bool(getattr(self, place)) for place in PLACES) == 1)

    @property
    def place(self) -> str:
        """Where the source is, as text for people, without parts of an address that may be secret."""
        if self.path is not None:
            return str(self.path)
        if self.database:
            return f"{self.database}: {self.question}"
        if self.url is None:
            return ", ".join(self.arxiv)
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"

    @property
    def database(self) -> str:
        """The database that the source asks for new papers: "openalex", "crossref" or "pubmed".

        "" for other sources.
        """
        return next((name for name in ("openalex", "crossref", "pubmed") if getattr(self, name)), "")

    @property
    def question(self) -> str:
        """What the database is asked."""
        return self.openalex or self.pubmed or ",".join(self.crossref)

    @property
    def follows_arxiv(self) -> bool:
        """Whether its papers are due when arXiv announces them, however often it is asked."""
        return bool(self.arxiv) or self.schedule == "arxiv"

    @property
    def is_list(self) -> bool:
        """Whether it is a list of arXiv, which shows a day's papers already on the evening before that day."""
        return urlsplit(self.url or "").path.startswith("/list/")

    @property
    def is_arxivs_own(self) -> bool:
        """Whether the source is arXiv's own: a feed of arXiv, or an address of its hosts.

        For arXiv's papers, values from these sources replace values from others (docs/architecture.md, rule 4).
        """
        host = (urlsplit(self.url or "").hostname or "").removesuffix(".")
        return bool(self.arxiv) or f".{host}".endswith(".arxiv.org")


class Destination(_Table):
    """A service of Apprise, which only receives messages."""

    name: values.DestinationName  # unique
    url_env: values.Variable  # the variable with its address, which is a secret
    url: SecretStr | None = None  # that address in Apprise's form; None: the variable is not set

    @model_validator(mode="before")
    @classmethod
    def _with_its_address(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        reason = "its address must be in the variable that url_env names"
        values.allowed(given, reason, when=not isinstance(given.get("url"), str))
        text = variable(str(given.get("url_env", ""))) if "url" not in given else None
        return {**given, "url": SecretStr(text)} if text else given


class SubscriptionFile(_Table):
    """A file that says what is subscribed, as `paperwire export --all` writes it."""

    path: values.PathOfFile  # absolute


class Arxiv(_Table):
    """What is special about arXiv's calendar."""

    holidays: frozenset[date] | None = None  # days without an announcement; None: the built-in list


class Kept(_Table):
    """What is done about papers that chats saved or liked."""

    ask: bool = True  # arXiv, OpenAlex and Crossref are asked once a day what became of them


class Backup(_Table):
    """Where daily copies of the database go."""

    to: values.PathOfFile | None = None  # absolute; None: `backups` next to the database


# the tables of paperwire.toml → what they hold
TABLES: Mapping[str, type[_Table]] = {
    "source": SourceSettings,
    "destination": Destination,
    "subscriptions": SubscriptionFile,
    "arxiv": Arxiv,
    "kept": Kept,
    "backup": Backup,
}


def _default_database() -> SecretStr:
    return SecretStr(f"sqlite:///{user_data_path('paperwire', appauthor=False) / 'paperwire.db'}")


class Settings(BaseModel):
    """All settings. Each field is the variable of its name with PAPERWIRE_ before it, except the tables at the end."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    database_url: values.DatabaseAddress = Field(default_factory=_default_database)  # in SQLAlchemy's form
    config: values.LocalPath | None = None  # the file; None: paperwire.toml in the current folder, if it exists

    web_host: values.Host = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65_535)] = 8420  # 0: any free port
    web_url: values.PublicRoot | None = None
    web_password: values.Password | None = None
    access: Annotated[Literal["open", "ask", "closed"], values.AnyCase] = "ask"
    admins: values.Chats = ()
    timezone: values.Zone = "UTC"  # an IANA zone, or a fixed offset "+08:00"
    contact: values.Contact | None = None
    on_unclear: Annotated[Literal["resend", "skip"], values.AnyCase] = "resend"
    openalex_key: values.Key | None = None
    allowed_hosts: values.SourceHosts = frozenset()  # lower case, without port
    heartbeat_url: values.SecretAddress | None = None  # a secret, because anyone who knows it can send heartbeats
    meaning: Annotated[Literal["on", "off"] | None, values.AnyCase] = None  # None: on where its package is installed
    log_level: Annotated[Literal["debug", "info", "warning", "error"], values.AnyCase] = "info"
    log_format: Annotated[Literal["text", "json"], values.AnyCase] = "text"

    telegram_token: values.TelegramToken | None = None
    telegram_api_url: values.ServerRoot = Field("https://api.telegram.org", repr=False)  # "/bot<token>/METHOD" follows
    slack_bot_token: values.SlackBotToken | None = None
    slack_app_token: values.SlackAppToken | None = None
    slack_api_url: values.SlackRoot = Field("https://slack.com/api/", repr=False)
    smtp_url: values.SmtpAddress | None = None
    mail_from: values.Sender | None = None  # "Papers <papers@example.org>", or only the address

    model_url: values.ServerRoot | None = Field(None, repr=False)  # "/chat/completions" is appended
    model_name: values.Word | None = None
    model_key: values.Key | None = None
    model_daily: Annotated[int, Field(ge=0, lt=10**9)] = 500  # requests
    # messages: also those of people of which the bot is not sure
    model_reads: Annotated[Literal["papers", "messages"], values.AnyCase] = "papers"

    sources: tuple[SourceSettings, ...] = Field((), validation_alias="source")
    destinations: tuple[Destination, ...] = Field((), validation_alias="destination")
    subscription_files: tuple[SubscriptionFile, ...] = Field((), validation_alias="subscriptions")
    arxiv: Arxiv = Arxiv()
    kept: Kept = Kept()
    backup: Backup = Backup()

    @field_validator("*", mode="before")
    @classmethod
    def _is_readable(cls, value: object) -> object:
        if isinstance(value, ValueError):  # why its file cannot be read, see _read_variables
            raise value
        return value

    @field_validator("sources", "destinations")
    @classmethod
    def _have_different_names(cls, tables: tuple[Any, ...]) -> tuple[Any, ...]:
        first: dict[str, int] = {}
        for number, table in enumerate(tables, start=1):
            other = first.setdefault(table.name.casefold(), number)
            values.allowed(table, f"numbers {other} and {number} have the same name", when=other == number)
        return tables

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for one, other in (("smtp_url", "mail_from"), ("model_url", "model_name")):
            missing = getattr(self, one) and not getattr(self, other)
            reason = f"{_variable_of(one)} needs {_variable_of(other)}, which is not set"
            values.allowed(self, reason, when=not missing)
        taken = [str(chat) for chat in self.admins if chat.platform == "web" and self.web_password]
        reason = (
            f"PAPERWIRE_ADMINS names {', '.join(taken)}, but with PAPERWIRE_WEB_PASSWORD everyone who knows the password can sign "
            "in under that name. Name a chat of another platform in PAPERWIRE_ADMINS"
        )
        return values.allowed(self, reason, when=not taken)

    def is_on(self, platform: str) -> bool:
        """Return whether a platform has the settings that it needs. Some need none."""
        needed: Mapping[str, object] = {
            "telegram": self.telegram_token,
            "slack": self.slack_bot_token,
            "email": self.smtp_url,
            "apprise": self.destinations,
        }
        return bool(needed.get(platform, True))

    @property
    def has_model(self) -> bool:
        """Whether there is a language model."""
        return bool(self.model_url)

    @property
    def pages_url(self) -> str:
        """The address under which people reach the pages, without a final "/"."""
        return self.web_url or values.local_url(self.web_host, self.web_port)

    @property
    def source_titles(self) -> Mapping[str, tuple[str, str]]:
        """The titles of sources for the end of deliveries: name in lower case -> (title, home or "")."""
        return {source.name.casefold(): (source.title, source.home) for source in self.sources if source.title}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret, as it is written in the settings."""
        fields = [getattr(self, name) for name in type(self).model_fields]
        found = (*fields, *(destination.url for destination in self.destinations))
        return tuple(one.get_secret_value() for one in found if isinstance(one, SecretStr))


VARIABLES = tuple(
    f"{PREFIX}{name.upper()}"
    for name, field in Settings.model_fields.items()
    if name not in TABLES and not field.validation_alias
)


# what Kubernetes sets in a pod for each service: of "paperwire-web", PAPERWIRE_WEB_PORT=tcp://10.0.0.1:8420 and others
_SERVICE_LINK = re.compile(r"(?:tcp|udp|sctp)://\S+:\d+")
_OF_SERVICE = re.compile(r"_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$")


def load_settings() -> Settings:
    """Read all settings of this process. Relative paths start at the current folder, those of the file at its folder.

    Raise SettingsError with a line for each setting that cannot be used, which never contains its value.
    """
    return _with_file(_read_variables())


def load_sources() -> tuple[SourceSettings, ...]:
    """Read only paperwire.toml, for those who need nothing but its sources. Raise SettingsError."""
    return _with_file({"database_url": "sqlite:///none"}).sources


def _with_file(variables: Mapping[str, object]) -> Settings:
    """Return these variables and paperwire.toml as settings. Raise SettingsError."""
    wrong, tables, folder, settings = list[str](), dict[str, object](), Path.cwd(), None
    try:
        tables, folder = _read_file()
    except SettingsError as error:
        wrong.append(str(error))
    try:
        settings = Settings.model_validate({**tables, **variables}, context={"folder": folder})
    except ValidationError as error:
        wrong += _lines_about(error)
    except RuntimeError:
        wrong.append(
            "PAPERWIRE_DATABASE_URL is not set, and this user has no home folder in which the database could be. "
            "Set it, for example to sqlite:////srv/paperwire/paperwire.db."
        )
    if settings is None or wrong:
        first, *others = dict.fromkeys(wrong)  # an unreadable PAPERWIRE_CONFIG is found twice
        raise SettingsError(first, others=others)
    return settings


def variable(name: str) -> str | None:
    """Return the value of a variable, or the text of the file that NAME_FILE names, without its last line end.

    None if unset.

    Raise ValueError if the file cannot be read, without its path: it may be a misplaced secret.
    """
    if not (file := os.environ.get(f"{name}_FILE")):
        given = os.environ.get(name) or None
        return None if given and _is_of_a_service(name, given) else given
    try:
        content = bytes_of(Path(file).absolute(), _LARGEST_SECRET + 1)
        values.allowed(file, f"the file of {name}_FILE is too large for a secret", when=len(content) <= _LARGEST_SECRET)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"the file of {name}_FILE holds no text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"the file of {name}_FILE cannot be read: {system_words(error)}") from None
    values.allowed(file, f"the file of {name}_FILE is empty", when=text.strip())
    return text.removesuffix("\n").removesuffix("\r")


def _is_of_a_service(name: str, value: str) -> bool:
    """Return whether Kubernetes set a variable for a service that is named like this program."""
    return bool(_OF_SERVICE.search(name)) or (name.endswith("_PORT") and bool(_SERVICE_LINK.fullmatch(value)))


def bytes_of(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, which may have no end, as a device has none. Raise OSError.

    A pipe is read to its end; one that nobody writes to cannot be read.
    """
    is_pipe = path.is_fifo()
    with os.fdopen(_opened_pipe(path), "rb") if is_pipe else path.open("rb") as file:
        data = file.read(most)
    if is_pipe and not data:  # an empty file would mean that nothing is set, or subscribed
        raise OSError(ENODATA, "nobody writes to this pipe")
    return data


def _opened_pipe(path: Path) -> int:
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # otherwise, opening it waits for its other end
    os.set_blocking(pipe, True)
    return pipe


def service_variables() -> list[str]:
    """Return the variables that Kubernetes set for services and that are left out, those with a name of ours first."""
    found = [one for one, value in os.environ.items() if one.startswith(PREFIX) and _is_of_a_service(one, value)]
    return sorted(found, key=lambda one: (one not in VARIABLES, one))


def unknown_variables(settings: Settings) -> Mapping[str, str]:
    """Return the variables that begin with PAPERWIRE_ and mean nothing, each with what to do about it."""
    known = {*VARIABLES, *(destination.url_env for destination in settings.destinations)}
    found = {}
    for name in sorted({*os.environ} - {*service_variables()}):
        if name.startswith(PREFIX) and not {name, name.removesuffix("_FILE")} & known:
            near = get_close_matches(name, VARIABLES, n=1, cutoff=_ALIKE)
            found[name] = f"Did you mean {near[0]}?" if near else "Remove it."
    if settings.slack_app_token and not settings.slack_bot_token:
        cure = "Set PAPERWIRE_SLACK_BOT_TOKEN, too (xoxb-…, at api.slack.com/apps, under OAuth & Permissions)."
        found["PAPERWIRE_SLACK_APP_TOKEN alone"] = cure
    return found


def _read_variables() -> dict[str, object]:
    """Return the variables that are set, by fields of Settings.

    An error for one whose file cannot be read, see `_is_readable`.
    """
    found: dict[str, object] = {}
    for name in VARIABLES:
        try:
            value: object = variable(name)
        except ValueError as error:
            value = error
        if value is not None:
            found[name.removeprefix(PREFIX).lower()] = value
    return found


def _read_file() -> tuple[dict[str, object], Path]:
    """Return (the content of paperwire.toml, its folder). Raise SettingsError.

    What is no table of ours gets a name that is no field.
    """
    try:
        named = variable(f"{PREFIX}CONFIG")
        path = values.at_home(named or FILE).absolute()
        if not named and not path.exists():
            return {}, path.parent
        data = bytes_of(path, LARGEST_FILE + 1)
        values.allowed(path, f"the file is larger than {LARGEST_FILE >> 20} MiB", when=len(data) <= LARGEST_FILE)
        content = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except tomllib.TOMLDecodeError as error:
        # the parser's message may repeat a part of the file, so only the line and column are taken from it
        place = _LINE.search(str(error))
        where = place["place"] if place else "its end"
        raise SettingsError(
            f"{FILE} is not valid TOML; look at {where}.", 'A line looks like this: name = "daily"'
        ) from None
    except RecursionError:
        raise SettingsError(f"{FILE} cannot be used: too many lists or tables stand in one another.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{FILE} cannot be used: the file must be UTF-8 text.") from None
    except OSError as error:
        setting = f"{PREFIX}CONFIG" if named else FILE
        raise SettingsError(f"{setting} cannot be used: the file cannot be read: {system_words(error)}.") from None
    except ValueError as error:
        raise SettingsError(f"{PREFIX}CONFIG cannot be used: {error}.") from None
    return {name if name in TABLES else f"[{name}]": table for name, table in content.items()}, path.parent


# pydantic's names of errors → what we say instead, since people do not know its types
_REASONS = {
    "missing": "it is missing",
    "int_parsing": "it must be a whole number",
    "string_type": "it must be a text in quotes",
    "path_type": "it must be a text in quotes",
    "tuple_type": "it must be a list, […], or a table that may be there several times, [[…]]",
    "frozen_set_type": "it must be a list, […]",
    "model_type": "it must be a single table, […]",
}


def _lines_about(error: ValidationError) -> Iterator[str]:
    """Yield what is wrong with each setting, without its value, which may be a secret."""
    for one in error.errors(include_url=False, include_input=False):
        if not one["loc"]:  # a rule about several settings, which it names
            yield f"{one['ctx']['error']}."
        elif one["type"] == "extra_forbidden":
            yield f"{_named(one['loc'])} means nothing here. {_meant(one['loc'])}"
        else:
            yield f"{_named(one['loc'])} cannot be used: {_reason(one)}."


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return _REASONS.get(error["type"]) or error["msg"].replace("Input should", "it must", 1)


def _named(place: Sequence[int | str]) -> str:
    """Return how errors name a setting: its variable, or "paperwire.toml: source 2, url" for ("source", 1, "url")."""
    first = str(place[0])
    if (name := _variable_of(first)) in VARIABLES:
        return name
    rest = (f" {part + 1}" if isinstance(part, int) else f", {part}" for part in place[1:])
    return f"{FILE}: {first.strip('[]')}{''.join(rest)}"


def _meant(place: Sequence[int | str]) -> str:
    """Return what may be meant by an unknown name in paperwire.toml."""
    known = list(TABLES)
    if len(place) > 1:
        known = list(TABLES[str(place[0])].model_fields)
    near = get_close_matches(str(place[-1]).strip("[]"), known, n=1)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."


def _variable_of(field: str) -> str:
    return f"{PREFIX}{field.upper()}"
