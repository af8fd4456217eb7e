"""The operator's settings as frozen values: their variables, defaults and examples. Each field names the check of its text.

`loading` reads the settings through pydantic, which runs the checks. Values that code builds directly, as in tests, are not
checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import ConfigDict, SecretStr

from bot.errors import SettingsError
from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Table, Variable, declared, variables
from subscriptions.model import ChatAddress

R = TypeVar("R", bound=RoomSettings)

# Every variable, beside those that rooms declare. Instead of NAME, NAME_FILE may be set to the path of a file that contains the value.
VARIABLES: Mapping[str, Variable] = {
    "PAPERWIRE_DATABASE_URL": Variable(
        "the database: one SQLite file, or PostgreSQL",
        example="sqlite:////srv/paperwire/paperwire.db",
        without="`paperwire.db` in the data folder of your system",
    ),
    "PAPERWIRE_CONFIG": Variable(
        "the file described [below](#paperwiretoml)",
        example="/etc/paperwire.toml",
        without="`paperwire.toml` where the program is started, if that exists",
    ),
    "PAPERWIRE_WEB_HOST": Variable("where `run` listens", example="0.0.0.0"),  # noqa: S104 - an example
    "PAPERWIRE_WEB_PORT": Variable("its port; 0: any free one", example="8080"),
    "PAPERWIRE_WEB_URL": Variable(
        "the address of the pages for other machines, used in mails and feeds",
        example="https://papers.lab.org",
        without="host and port above",
    ),
    "PAPERWIRE_WEB_PASSWORD": Variable(
        "the password for [the pages](operating.md#the-pages), one line of 8 to 200 characters",
        example="a long sentence",
        without="pages for this machine only",
    ),
    "PAPERWIRE_ACCESS": Variable(
        "[who may subscribe](operating.md#who-may-use-it): `open`, `ask` or `closed`", example="open"
    ),
    "PAPERWIRE_ADMINS": Variable(
        "the chats of the operators, separated by commas", example="telegram:12345678, slack:U0123456789"
    ),
    "PAPERWIRE_TIMEZONE": Variable("the time zone of chats that chose none, and of `--now`", example="Europe/Berlin"),
    "PAPERWIRE_CONTACT": Variable(
        "your address, sent to the servers of sources", example="me@example.org", without="only the program's name"
    ),
    "PAPERWIRE_ON_UNCLEAR": Variable(
        "what to do with a message that may have been sent and cannot be looked up: `resend` (may come twice, a mail at most twice) or `skip` (may not come)",
        example="skip",
    ),
    "PAPERWIRE_OPENALEX_KEY": Variable("your free key of OpenAlex", example="a-long-random-word"),
    "PAPERWIRE_ALLOWED_HOSTS": Variable(
        "hosts of sources in private networks or on this machine, separated by commas", example="localhost, 10.0.0.5"
    ),
    "PAPERWIRE_HEARTBEAT_URL": Variable(
        "an address that is called [every five minutes](metrics.md#the-heartbeat) while all is well",
        example="https://example.org/ping/1",
    ),
    "PAPERWIRE_MEANING": Variable(
        "`off`: papers are found by words only", example="off", without="`on`, where its package is installed"
    ),
    "PAPERWIRE_LOG_LEVEL": Variable(
        "`debug`, `info`, `warning` or `error`. Only `run` logs at `info`; `debug` adds tracebacks", example="warning"
    ),
    "PAPERWIRE_LOG_FORMAT": Variable("`text`, or `json` for one object per line", example="json"),
}


def all_variables() -> tuple[str, ...]:
    """Returns the names of all variables, also of those that rooms declare."""
    return (*VARIABLES, *variables())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings(Table):
    """One source of digests. Exactly one of path, url and arxiv is given."""

    MISSING = "every source needs one"

    name: Annotated[str, check.text(check.source_name)]  # unique regardless of letter case
    title: Annotated[str, check.text(check.line)] = (
        ""  # shown at the end of deliveries with papers of this source, as a link to `home`
    )
    home: Annotated[str, check.text(check.url)] = ""
    path: Annotated[Path | None, check.placed(check.path)] = None  # absolute; may contain glob wildcards
    url: Annotated[str | None, check.text(check.source_url)] = field(default=None, repr=False)  # may contain "{date}"
    arxiv: tuple[Annotated[str, check.text(check.archive)], ...] = ()  # archives and categories: "hep-th", "cs.LG"
    openalex: Annotated[str | None, check.text(check.filters)] = None  # filters of OpenAlex, comma between
    crossref: tuple[Annotated[str, check.text(check.filters)], ...] = ()  # filters of Crossref: "issn:1234-5678"
    pubmed: Annotated[str | None, check.text(check.line)] = None  # a query of PubMed
    format: Annotated[str | None, check.placed(check.format_name)] = (
        None  # the name of a format; None: recognised by content
    )
    schedule: Annotated[str | None, check.text(check.schedule)] = (
        None  # "arxiv", "every 30m" or a cron line; None only for a path, which is watched
    )
    language: Annotated[str | None, check.text(check.language)] = (
        None  # the language of its summaries, ISO 639-1; None: recognised by their script
    )
    announce: Annotated[Literal["recent", "all"], check.text(check.one_of("recent", "all"))] = (
        "recent"  # "all" also announces old digests (subscriptions/planning/receipts.py)
    )
    speaks_for: Annotated[Literal["arxiv"] | None, check.text(check.one_of("arxiv"))] = (
        None  # "arxiv" for a mirror or a saved mail, whose statements count as arXiv's own
    )
    links: Annotated[Literal["within", "follow"], check.text(check.one_of("within", "follow"))] = (
        "within"  # "follow" also reads symbolic links that lead out of its folder
    )

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
        """The database that the source asks for new papers: "openalex", "crossref" or "pubmed"; "" for other sources."""
        return next((name for name in ("openalex", "crossref", "pubmed") if getattr(self, name)), "")

    @property
    def question(self) -> str:
        """What the database is asked."""
        return self.openalex or self.pubmed or ",".join(self.crossref)

    @property
    def is_arxivs_own(self) -> bool:
        """Whether the source is arXiv's own: a feed of arXiv, an address of its hosts, or a source that speaks for arXiv.

        For arXiv's papers, values from these sources replace values from others (docs/architecture.md, rule 4).
        """
        host = (urlsplit(self.url or "").hostname or "").removesuffix(".")
        return bool(self.arxiv) or self.speaks_for == "arxiv" or f".{host}".endswith(".arxiv.org")


EVERYTHING = "arxiv"  # the name of the only source if the settings name none


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the operator. A field with a check has a variable of the same name, with PAPERWIRE_ before it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)  # for SettingsError
    database_url: Annotated[SecretStr, check.placed(check.database)]  # in SQLAlchemy's form; may contain a password
    of_rooms: tuple[RoomSettings, ...] = ()  # see `of`
    web_host: Annotated[str, check.text(check.host)] = "127.0.0.1"
    web_port: Annotated[int, check.text(check.port)] = 8420  # 0: any free port
    web_url: Annotated[str | None, check.text(check.server_root)] = None
    web_password: Annotated[SecretStr | None, check.hidden(check.password)] = None
    access: Annotated[Literal["open", "ask", "closed"], check.text(check.one_of("open", "ask", "closed"))] = "ask"
    admins: Annotated[tuple[ChatAddress, ...], check.text(check.chats)] = ()
    timezone: Annotated[str, check.text(check.timezone)] = "UTC"  # an IANA zone, or a fixed offset "+08:00"
    contact: Annotated[str | None, check.text(check.contact)] = None
    openalex_key: Annotated[SecretStr | None, check.hidden(check.visible)] = None
    on_unclear: Annotated[Literal["resend", "skip"], check.text(check.one_of("resend", "skip"))] = "resend"
    allowed_hosts: Annotated[frozenset[str], check.text(check.hosts)] = frozenset()  # lower case, without port
    heartbeat_url: Annotated[SecretStr | None, check.hidden(check.url)] = (
        None  # a secret, because anyone who knows this URL can send heartbeats
    )
    meaning: Annotated[Literal["on", "off"] | None, check.text(check.one_of("on", "off"))] = (
        None  # on where the package `meaning` is installed
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], check.text(check.one_of("debug", "info", "warning", "error"))
    ] = "info"
    log_format: Annotated[Literal["text", "json"], check.text(check.one_of("text", "json"))] = "text"
    sources: tuple[SourceSettings, ...] = ()
    holidays: tuple[date, ...] | None = None  # days without an arXiv announcement; None: the built-in list
    backup_to: Path | None = None  # the folder for daily backups, absolute; None: `backups` next to the database
    keep_papers: timedelta | None = None  # papers of this age are reduced to key and title; None: never
    unknown: tuple[str, ...] = ()  # variables that begin with PAPERWIRE_ and are unknown, for `paperwire check`
    wrong: tuple[
        SettingsError, ...
    ] = ()  # errors of settings that cannot be used; only `paperwire check` goes on with any

    def of(self, kind: type[R]) -> R:
        """Returns the settings of one kind that a room declares."""
        return next((one for one in self.of_rooms if isinstance(one, kind)), None) or kind()

    def is_on(self, room: str) -> bool:
        """Returns whether a room has the settings that it needs. A room without settings is always on."""
        kind = declared().get(room)
        return kind is None or self.of(kind).is_on

    def is_wrong(self, *names: str) -> bool:
        """Returns whether a setting whose name begins with one of these cannot be used."""
        return any(error.setting.startswith(names) for error in self.wrong)

    @property
    def lets_choose_names(self) -> bool:
        """Whether people choose the names under which they open the pages, and need only the password for that."""
        return self.web_password is not None

    @property
    def pages_url(self) -> str:
        """The address under which people reach the pages, without a final "/"."""
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return self.web_url or f"http://{host}:{self.web_port}"

    @property
    def source_names(self) -> frozenset[str]:
        """The names of the sources, in lower case."""
        return frozenset(source.name.casefold() for source in self.sources)

    @property
    def source_titles(self) -> Mapping[str, tuple[str, str]]:
        """The titles of sources for the end of deliveries: name in lower case -> (title, home or "")."""
        return {source.name.casefold(): (source.title, source.home) for source in self.sources if source.title}


def is_listing(url: str) -> bool:
    """Returns whether an address is a list of arXiv. A list shows a day's papers already on the evening before that day."""
    return urlsplit(url).path.startswith("/list/")
