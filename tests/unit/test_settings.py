"""Settings of the operator: every variable, every line of paperwire.toml, and that no output shows a secret."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import settings as bot_settings
from bot.cli import log
from subscriptions.errors import SettingsError
from subscriptions.model import ChatAddress
from tests import tables
from tests.given_settings import settings_of


def plain(value: object) -> object:
    """Returns a value; if it is a secret, in plain text."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def at(settings: object, path: str) -> object:
    """Returns the setting at a path such as "backup.to", secrets in plain text."""
    for name in path.split("."):
        settings = getattr(settings, name)
    return plain(settings)


def shown(error: BaseException | None) -> str:
    """Returns a traceback in lower case without its code lines: the error and its causes."""
    if error is None:
        return ""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{shown(before)}{error!r} {error}\n".casefold()


def load(folder: Path, config: str = "", **environ: str) -> bot_settings.Settings:
    if config:
        (folder / "paperwire.toml").write_text(config, encoding="utf-8")
    return settings_of(environ, folder)


def test_without_any_setting_everything_has_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path)
    database = str(plain(settings.database_url))
    assert (database[:10], database[-12:]) == ("sqlite:///", "paperwire.db")
    assert settings.model_dump() == bot_settings.Settings().model_dump()
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8420)
    assert (settings.access, settings.on_unclear, settings.timezone) == ("ask", "resend", "UTC")
    assert (settings.log_level, settings.log_format) == ("info", "text")


# name, value, the setting that it sets, the result
USABLE = [
    *tables.rows("""
        PAPERWIRE_DATABASE_URL            → sqlite:///data/p.db            → database_url            → sqlite:///{cwd}/data/p.db
        PAPERWIRE_TELEGRAM_API_URL        → http://127.0.0.1:81/           → telegram_api_url        → http://127.0.0.1:81
        PAPERWIRE_SLACK_API_URL           → http://localhost:5000/x/api    → slack_api_url           → http://localhost:5000/x/api/
        PAPERWIRE_WEB_URL                 → https://papers.lab.org/        → web_url                 → https://papers.lab.org
        PAPERWIRE_ACCESS                  → Open                           → access                  → open
        PAPERWIRE_TIMEZONE                → asia/shanghai                  → timezone                → Asia/Shanghai
    """),
    ("PAPERWIRE_WEB_PORT", "0", "web_port", 0),
    (
        "PAPERWIRE_ADMINS",
        " telegram:@ada , slack:U2,telegram:@ada,",
        "admins",
        (ChatAddress("telegram", "@ada"), ChatAddress("slack", "U2")),
    ),
    (
        "PAPERWIRE_ALLOWED_HOSTS",
        "LocalHost, 10.0.0.5:80,[::1]:9,fd00::1",
        "allowed_hosts",
        frozenset({"localhost", "10.0.0.5", "::1", "fd00::1"}),
    ),
]


@pytest.mark.parametrize(("name", "value", "path", "expected"), USABLE)
def test_a_variable_or_a_file_becomes_a_setting(
    tmp_path: Path, name: str, value: str, path: str, expected: object
) -> None:
    written = value.replace("{cwd}", str(tmp_path))
    if isinstance(expected, str):
        expected = expected.replace("{cwd}", str(tmp_path))
    (tmp_path / "held").write_text(f"{written}\r\n", encoding="utf-8", newline="")
    for given in ({name: written}, {f"{name}_FILE": "held"}, {f"{name}_FILE": str(tmp_path / "held")}):
        found = at(load(tmp_path, **given), path)
        assert (str(found) if isinstance(expected, str) else found) == expected


# name, a value that cannot be used, words of the error
UNUSABLE = [
    *tables.rows("""
        PAPERWIRE_DATABASE_URL            → sesame.db                                  → sqlite:///FILE
        PAPERWIRE_DATABASE_URL            → sqlite:///~sesame/p.db                     → the home of somebody who is not known
        PAPERWIRE_DATABASE_URL            → sqlite:///file:sesame?mode=memory&uri=true → name a file
        PAPERWIRE_DATABASE_URL            → postgresql://                              → postgresql://HOST/NAME
        PAPERWIRE_CONFIG                  → sesame.toml                                → cannot be read
        PAPERWIRE_TELEGRAM_TOKEN          → sesame                                     → it must look like 123456:ABC-def
        PAPERWIRE_TELEGRAM_API_URL        → http://sesame.org:http/                    → host and port
        PAPERWIRE_TELEGRAM_API_URL        → http://sesame.org/?a=b                     → root of a server
        PAPERWIRE_SLACK_API_URL           → https://sesame.org/                        → end in /api/
        PAPERWIRE_SMTP_URL                → https://sesame                             → smtp://HOST:PORT
        PAPERWIRE_SMTP_URL                → smtp://me:sesame@lab.org                   → PAPERWIRE_MAIL_FROM
        PAPERWIRE_MAIL_FROM               → sesame                                     → an address, such as
        PAPERWIRE_WEB_HOST                → http://sesame                              → host name or an IP address
        PAPERWIRE_WEB_PORT                → sesame                                     → it must be a whole number
        PAPERWIRE_WEB_URL                 → https://me:sesame@lab.org                  → it must hold no password
        PAPERWIRE_WEB_PASSWORD            → sesame                                     → 8 to 200 characters
        PAPERWIRE_ACCESS                  → sesame                                     → 'open', 'ask' or 'closed'
        PAPERWIRE_ADMINS                  → slack_xoxb-sesame-0123456789-0123456789    → chats with commas between
        PAPERWIRE_ALLOWED_HOSTS           → http://sesame/                             → commas between
        PAPERWIRE_MODEL_URL               → https://sesame.example.org/v1              → PAPERWIRE_MODEL_NAME
        PAPERWIRE_MODEL_NAME              → sesame street                              → without blanks
    """),
    ("PAPERWIRE_TELEGRAM_TOKEN", "123:sesame\n", "without blanks or line ends"),
    ("PAPERWIRE_MAIL_FROM", "a@b.org\nBcc: sesame@c.org", "an address, such as"),
    ("PAPERWIRE_WEB_PORT", "8" * 5000, "exceeded maximum size"),
    ("PAPERWIRE_CONTACT", "sesame\nX-Header: 1", "one line"),
]


@pytest.mark.parametrize(("name", "value", "words"), UNUSABLE)
def test_an_invalid_variable_is_named_without_its_value(tmp_path: Path, name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, **{name: value})
    assert str(refused.value).startswith(name)
    assert words in str(refused.value)
    assert refused.value.exit_code == 2
    assert "sesame" not in shown(refused.value)
    assert value not in str(refused.value) or value in {" ", ".", "http://", "sqlite:///", "postgresql://"}


def test_each_wrong_setting_is_named_and_none_hides_another(tmp_path: Path) -> None:
    config = '[[source]]\nname = "one"\npath = "https://sesame.example/"\n[[source]]\nnam = "two"\npath = "x"\n'
    with pytest.raises(SettingsError) as refused:
        load(
            tmp_path,
            config,
            PAPERWIRE_WEB_PORT="sesame",
            PAPERWIRE_TELEGRAM_TOKEN_FILE="missing",
            PAPERWIRE_TELEGRAM_API_URL="sesame",
        )
    assert re.findall("^(.*?) (?:cannot be used: |means nothing here)", str(refused.value), re.MULTILINE) == [
        "PAPERWIRE_WEB_PORT",
        "PAPERWIRE_TELEGRAM_TOKEN",
        "PAPERWIRE_TELEGRAM_API_URL",
        "paperwire.toml: source 1, path",
        "paperwire.toml: source 2, name",
        "paperwire.toml: source 2, nam",
    ]
    assert "Did you mean name?" in str(refused.value)
    assert "sesame" not in shown(refused.value)


def test_the_file_of_a_secret_counts_before_the_variable(tmp_path: Path) -> None:
    (tmp_path / "held").write_text("of-the-file", encoding="utf-8")
    settings = load(tmp_path, PAPERWIRE_OPENALEX_KEY="a", PAPERWIRE_OPENALEX_KEY_FILE="held")
    assert plain(settings.openalex_key) == "of-the-file"


def test_variables_that_mean_nothing_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PAPERWIRE_TELEGRAM_TOKN": "1:x", "PAPERWIRE_LAB_URL": "json://lab.org", "PAPERWIRE_ACCESS_FILE": ""}
    settings = load(tmp_path, '[[destination]]\nname = "lab"\nurl_env = "PAPERWIRE_LAB_URL"\n', **given)
    assert plain(settings.destinations[0].url) == "json://lab.org"
    monkeypatch.setattr("os.environ", {**given, "PATH": "/bin"})
    assert bot_settings.unknown_variables(settings) == {
        "PAPERWIRE_TELEGRAM_TOKN": "Did you mean PAPERWIRE_TELEGRAM_TOKEN?"
    }


@pytest.mark.parametrize("link", ["tcp://10.0.0.7:8420", "udp://[fd00::7]:53"])
def test_port_of_a_service_of_kubernetes_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    assert load(tmp_path, PAPERWIRE_WEB_PORT=link).web_port == 8420
    monkeypatch.setattr("os.environ", {"PAPERWIRE_WEB_PORT": link})
    assert bot_settings.service_variables() == ["PAPERWIRE_WEB_PORT"]
    with pytest.raises(SettingsError, match="PAPERWIRE_WEB_PORT"):
        load(tmp_path, PAPERWIRE_WEB_PORT="tcp://x")


# paperwire.toml


def test_paths_of_a_named_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "mine.toml").write_text('\ufeff[[source]]\nname = "a"\npath = "in/x.md"\n', encoding="utf-8")
    assert load(tmp_path, PAPERWIRE_CONFIG="etc/mine.toml").sources[0].path == tmp_path / "etc/in/x.md"


LINES_OF_CRON = (
    "*/15 0-6,20 1 jan-mar *",
    "0 6 * * mon-fri",
    "0 6 1-5/2 * *",
    "0 0 29 2 *",
)


@pytest.mark.parametrize("schedule", ["arxiv", "every 30m", "Every  2h", "every 1d", *LINES_OF_CRON])
def test_a_schedule(tmp_path: Path, schedule: str) -> None:
    settings = load(
        tmp_path, f'[[source]]\nname = "a"\npath = "x.md"\nschedule = "{schedule}"\n[arxiv]\nholidays = []\n'
    )
    assert settings.arxiv.holidays == frozenset()
    assert settings.sources[0].schedule == " ".join(schedule.casefold().split())


@pytest.mark.parametrize(
    "line",
    [
        "0 6 * * foo",
        "0 6 * * */0",
        "@daily",
        "0 6 31 apr,jun */1",
    ],
)
def test_a_line_of_cron_that_means_nothing_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match="or a cron line such as 0 6"):
        load(tmp_path, f'[[source]]\nname = "a"\npath = "x.md"\nschedule = "{line}"\n')


def test_categories_are_taken_in_any_letter_case(tmp_path: Path) -> None:
    settings = load(tmp_path, '[[source]]\nname = "a"\narxiv = ["CS.lg", "Hep-th", "cs.*", "Cond-Mat.MES-hall"]\n')
    assert settings.sources[0].arxiv == ("cs.LG", "hep-th", "cs", "cond-mat.mes-hall")


@pytest.mark.parametrize(
    ("config", "words"),
    [  # the configuration, with ¶ for the end of a line, and what is said about it
        *tables.rows("""
            name = sesame                                                → paperwire.toml is not valid TOML; look at line 1, column 8.
            [[surce]] ¶ name = 'a'                                       → paperwire.toml: surce means nothing here. Did you mean source?
            [source] ¶ name = 'a'                                        → paperwire.toml: source cannot be used: it must be a list, […], or a table that may be there several times, [[…]].
            [[arxiv]]                                                    → paperwire.toml: arxiv cannot be used: it must be a single table, […].
            [[source]] ¶ path = 'x'                                      → source 1, name cannot be used: it is missing.
            [[source]] ¶ name = 'a'                                      → exactly one of path, url, arxiv, openalex, crossref and pubmed.
            [[source]] ¶ name = 'a' ¶ url = 'sesame.org'                 → source 1, url cannot be used: it must be an address with a host
            [[source]] ¶ name = 'a' ¶ url = 'http://x.org/{sesame}'      → braces that it may hold is {date}.
            [[source]] ¶ name = 'a' ¶ path = 'https://sesame.org'        → an address of the web is a url.
            [[source]] ¶ name = 'a' ¶ arxiv = ['cs.LG', 'xoxb-123-sesame'] → source 1, arxiv 2 cannot be used: each must be an archive or a category of arXiv
            [[source]] ¶ name = 'a' ¶ openalex = 'sesame'                → filters with commas between, such as issn:1234-5678.
            [[source]] ¶ name = 'a' ¶ path = 'x' ¶ schedule = 'sesame'   → arxiv, every 30m (s, m, h, d) or a cron line
            [[source]] ¶ name = 'sesame' ¶ path = 'x' ¶ [[source]] ¶ name = 'Sesame' ¶ path = 'y' → source cannot be used: numbers 1 and 2 have the same name.
            [arxiv] ¶ holidays = 2026-12-25                              → arxiv, holidays cannot be used: it must be a list
        """),
        (
            f"[[source]] ¶ name = '{'x' * 201}' ¶ path = 'x'",
            "name cannot be used: it must have at most 200 characters.",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named_without_its_value(tmp_path: Path, config: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, config.replace(" ¶ ", "\n"), OTHER="xapp-sesame")
    assert str(refused.value).startswith("paperwire.toml")
    assert words in str(refused.value)
    assert "sesame" not in shown(refused.value)


@pytest.mark.parametrize("admins", ["web:ada", "telegram:42, web:me", "web:Ada,web:bo"])
def test_no_operator_has_a_name_that_everyone_with_the_password_can_take(tmp_path: Path, admins: str) -> None:
    password = {"PAPERWIRE_WEB_PASSWORD": "sesame-open"}
    with pytest.raises(
        SettingsError, match=r"PAPERWIRE_ADMINS names web:.* PAPERWIRE_WEB_PASSWORD .*sign in"
    ) as refused:
        load(tmp_path, PAPERWIRE_ADMINS=admins, **password)
    assert (refused.value.exit_code, "sesame" in shown(refused.value)) == (2, False)
    assert load(tmp_path, PAPERWIRE_ADMINS=admins).admins
    assert load(tmp_path, PAPERWIRE_ADMINS="telegram:42", **password).admins


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "paperwire.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"paperwire.toml cannot be used: the file must be UTF-8 text\."):
        load(tmp_path)


# Secrets


def test_no_secret_shows_in_any_repr(tmp_path: Path) -> None:
    secrets = {
        "PAPERWIRE_DATABASE_URL": "postgresql://u:sesame@db/x",
        "PAPERWIRE_TELEGRAM_TOKEN": "1:sesame",
        "PAPERWIRE_TELEGRAM_API_URL": "https://u:sesame@x.org",
        "PAPERWIRE_SLACK_BOT_TOKEN": "xoxb-sesame",
        "PAPERWIRE_SLACK_APP_TOKEN": "xapp-sesame",
        "PAPERWIRE_SLACK_API_URL": "https://x.org/sesame/api/",
        "PAPERWIRE_HEARTBEAT_URL": "https://hc.org/sesame",
    }
    config = '[[source]]\nname = "a"\nurl = "https://x.org/?token=sesame"\n'
    settings = load(tmp_path, config, **secrets)
    for value in (settings, settings.sources):
        assert "sesame" not in f"{value!r} {value}"
    assert at(settings, "telegram_token") == "1:sesame"


def test_secrets_are_known_where_the_settings_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        "PAPERWIRE_WEB_PORT": "wrong",
        "PAPERWIRE_TELEGRAM_TOKEN": "123456:made-up",
        "PAPERWIRE_WEB_PASSWORD": "let-me-in",
        "PAPERWIRE_SMTP_URL": "smtp://ada:made%2Dup@mail.lab.org",
        "PAPERWIRE_CONTACT": "ada@lab.org",
    }
    monkeypatch.setattr("os.environ", environ)
    found = log.secrets_in(environ)
    assert {"123456:made-up", "let-me-in", "made-up", "made%2Dup"} <= {*found}
    assert "ada@lab.org" not in found
