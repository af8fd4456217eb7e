"""The operator's settings (docs/settings.md): the environment and paperwire.toml as one frozen value.

A setting that cannot be used raises SettingsError, which names the setting and says what it may be. An error never contains
the value, since it may be a secret that was put into the wrong setting. An empty variable counts as not set.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from bot.errors import WrongUsage
from bot.settings import _checks as check
from bot.settings._config import Config, read_config, read_sources
from bot.settings._environment import Environment
from bot.settings._model import EVERYTHING as EVERYTHING
from bot.settings._model import VARIABLES as VARIABLES
from bot.settings._model import Settings as Settings
from bot.settings._model import SlackSettings as SlackSettings
from bot.settings._model import SlackWorkspace as SlackWorkspace
from bot.settings._model import SourceSettings as SourceSettings
from bot.settings._model import TelegramSettings as TelegramSettings
from subscriptions.errors import Sentence


def load_settings(environ: Mapping[str, str], cwd: Path, *, formats: Sequence[str] | None = None) -> Settings:
    """Reads all settings. Relative paths of the environment are relative to `cwd`. Raises SettingsError.

    `formats` are the names that a source may have as its format; with None every name is accepted.
    """
    env = Environment(environ, cwd)
    config = read_config(env, formats)
    return Settings(
        database_url=SecretStr(env.read("PAPERWIRE_DATABASE_URL", check.database_in(cwd), check.default_database())),
        telegram=_telegram(env),
        slack=_slack(env, config),
        secret_key=env.secret("PAPERWIRE_SECRET_KEY"),
        web_host=env.read("PAPERWIRE_WEB_HOST", check.host, "127.0.0.1"),
        web_port=env.read("PAPERWIRE_WEB_PORT", check.port, 8420),
        web_password=env.secret("PAPERWIRE_WEB_PASSWORD", check.password),
        web_user_header=env.read("PAPERWIRE_WEB_USER_HEADER", check.header_name, None),
        web_hosts=env.read("PAPERWIRE_WEB_HOSTS", check.hosts, frozenset()),
        metrics_token=env.secret("PAPERWIRE_METRICS_TOKEN", check.password),
        access=env.read("PAPERWIRE_ACCESS", check.access, "ask"),
        admins=env.read("PAPERWIRE_ADMINS", check.chats, ()),
        timezone=env.read("PAPERWIRE_TIMEZONE", check.timezone, "UTC"),
        contact=env.read("PAPERWIRE_CONTACT", check.contact, None),
        on_unclear=env.read("PAPERWIRE_ON_UNCLEAR", check.on_unclear, "resend"),
        allowed_hosts=env.read("PAPERWIRE_ALLOWED_HOSTS", check.hosts, frozenset()),
        heartbeat_url=env.secret("PAPERWIRE_HEARTBEAT_URL", check.url),
        log_level=env.read("PAPERWIRE_LOG_LEVEL", check.log_level, "info"),
        log_format=env.read("PAPERWIRE_LOG_FORMAT", check.log_format, "text"),
        sources=config.sources,
        holidays=config.holidays,
        backup_to=config.backup_to,
        keep_papers=config.keep_papers,
        unknown=env.unknown(known=VARIABLES, named=config.variables),
    )


def load_sources(environ: Mapping[str, str], cwd: Path) -> tuple[SourceSettings, ...]:
    """Reads only the sources of paperwire.toml, for callers that need no other setting. Raises SettingsError."""
    return read_sources(Environment(environ, cwd), None)


def database_address(text: str, cwd: Path) -> str:
    """Returns the address of a database as it was typed: an address, or a file. Raises WrongUsage."""
    address = text if "://" in text else f"sqlite:///{text}"
    try:
        return check.database_in(cwd)(address)
    except check.Unusable as error:
        raise WrongUsage(Sentence("{text} names no database: {why}.", {"text": text, "why": error.reason})) from None


def source_name(option: str, text: str) -> str:
    """Returns the name of a source that an option has. Raises WrongUsage."""
    try:
        return check.source_name(text)
    except check.Unusable as error:
        values = {"setting": option, "reason": error.reason}
        raise WrongUsage(Sentence("{setting} cannot be used: {reason}.", values)) from None


def _telegram(env: Environment) -> TelegramSettings:
    return TelegramSettings(
        token=env.secret("PAPERWIRE_TELEGRAM_TOKEN", check.telegram_token),
        api_url=env.read("PAPERWIRE_TELEGRAM_API_URL", check.server_root, TelegramSettings().api_url),
        webhook_url=env.read("PAPERWIRE_TELEGRAM_WEBHOOK_URL", check.server_root, None),
        webhook_secret=env.secret("PAPERWIRE_TELEGRAM_WEBHOOK_SECRET", check.webhook_secret),
    )


def _slack(env: Environment, config: Config) -> SlackSettings:
    bot = env.secret("PAPERWIRE_SLACK_BOT_TOKEN", check.slack_bot_token)
    app = env.secret("PAPERWIRE_SLACK_APP_TOKEN", check.slack_app_token)
    own = (SlackWorkspace(bot_token=bot, app_token=app),) if bot else ()
    client_id = env.read("PAPERWIRE_SLACK_CLIENT_ID", check.visible, None)
    client_secret = env.secret("PAPERWIRE_SLACK_CLIENT_SECRET")
    check.both_or_none({"PAPERWIRE_SLACK_CLIENT_ID": client_id, "PAPERWIRE_SLACK_CLIENT_SECRET": client_secret})
    if client_id is not None:  # the database then contains tokens of other workspaces, encrypted
        check.needed("PAPERWIRE_SLACK_CLIENT_ID", {"PAPERWIRE_SECRET_KEY": env.secret("PAPERWIRE_SECRET_KEY")})
    return SlackSettings(
        workspaces=own + config.workspaces,
        signing_secret=env.secret("PAPERWIRE_SLACK_SIGNING_SECRET"),
        client_id=client_id,
        client_secret=client_secret,
        api_url=env.read("PAPERWIRE_SLACK_API_URL", check.slack_api_url, SlackSettings().api_url),
    )
