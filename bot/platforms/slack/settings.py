"""The operator's settings of Slack. Without workspaces and client id the platform is off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import ReadVariable, RoomSettings, TableOfRoom, Variable


@dataclass(frozen=True, slots=True)
class WorkspaceTokens:
    """The tokens of a workspace."""

    bot: SecretStr
    app: SecretStr | None = None  # the token of the app that sends its events; None: any app may send them


# beginnings of what Slack's pages show beside the token that is needed -> what it is
_OTHERS = {
    "xoxb-": "a bot token (xoxb-…)",
    "xapp-": "an app token (xapp-…)",
    "xoxp-": "a user token (xoxp-…)",
    "xoxe.": "a token that expires (xoxe.…), from an app with token rotation",
    "xoxe-": "a refresh token (xoxe-…), from an app with token rotation",
    "xoxr-": "a refresh token (xoxr-…)",
    "xoxa-": "a workspace token (xoxa-…)",
    "xoxc-": "a token of a browser (xoxc-…)",
    "xoxs-": "a token of a browser (xoxs-…)",
    "xwfp-": "a token of a workflow (xwfp-…)",
    "https:": "a web address",
}


def _bot_token(text: str) -> str:
    """Returns a bot token."""
    where = "the bot token (xoxb-…) is at api.slack.com/apps, under OAuth & Permissions"
    return _token(text, "xoxb-", where)


def _app_token(text: str) -> str:
    """Returns an app token."""
    where = "the app token (xapp-…) is at api.slack.com/apps, under Basic Information, App-Level Tokens"
    return _token(text, "xapp-", where)


def _token(text: str, begins: str, where: str) -> str:
    """Returns the token if it begins so; else says what it is instead, and where the right one is."""
    given = next((kind for start, kind in _OTHERS.items() if text.startswith(start)), "something else")
    return check.visible(
        check.usable(text, "it holds {given}; {where}", when=text.startswith(begins), given=given, where=where)
    )


def _api_url(text: str) -> str:
    """Returns the root of a Slack API. It ends in "/api/"."""
    root = check.server_root(text)
    return check.usable(f"{root}/", "it must end in /api/", when=root.endswith("/api"))


@dataclass(frozen=True, slots=True)
class _Tokens(TableOfRoom):
    """A table [[slack]]: the names of the variables with the tokens of a workspace."""

    NAME = "slack"
    MISSING = "every workspace needs one"

    bot_token_env: Annotated[str, check.text(check.variable)]
    app_token_env: Annotated[str, check.text(check.variable)] = ""

    def value(self, read: ReadVariable) -> WorkspaceTokens:
        """Returns the tokens of the workspace. Raises SettingsError."""
        bot = read("bot_token_env", _bot_token)
        assert bot is not None  # noqa: S101 - the table names its variable
        return WorkspaceTokens(bot, read("app_token_env", _app_token))


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings(RoomSettings):
    """The settings of Slack."""

    VARIABLES: ClassVar[Mapping[str, Variable]] = {
        "PAPERWIRE_SLACK_BOT_TOKEN": Variable(
            "the token of the bot user in your workspace", example="xoxb-1234-abcd", without="Slack is off"
        ),
        "PAPERWIRE_SLACK_API_URL": Variable(
            "the root of another Slack API; it ends in `/api/`", example="http://127.0.0.1:8082/api/"
        ),
        "PAPERWIRE_SLACK_APP_TOKEN": Variable("the token for Socket Mode", example="xapp-1234-abcd"),
        "PAPERWIRE_SLACK_SIGNING_SECRET": Variable(
            "the secret with which Slack signs requests to a public address", example="0123456789abcdef"
        ),
        "PAPERWIRE_SLACK_CLIENT_ID": Variable(
            "the id of an app that many workspaces install; needs the next two", example="1234.5678"
        ),
        "PAPERWIRE_SLACK_CLIENT_SECRET": Variable("its secret", example="0123456789abcdef"),
        "PAPERWIRE_SECRET_KEY": Variable("the key that encrypts the workspaces' tokens", example="a-long-random-word"),
    }
    PREFIX = "SLACK_"
    TOGETHER = (
        ("PAPERWIRE_SLACK_CLIENT_ID", "PAPERWIRE_SLACK_CLIENT_SECRET"),
        ("PAPERWIRE_SLACK_CLIENT_SECRET", "PAPERWIRE_SLACK_CLIENT_ID"),
        ("PAPERWIRE_SLACK_CLIENT_ID", "PAPERWIRE_SECRET_KEY"),
    )
    TABLES: ClassVar[Mapping[str, type[TableOfRoom]]] = {"others": _Tokens}

    bot_token: Annotated[SecretStr | None, check.hidden(_bot_token)] = None
    app_token: Annotated[SecretStr | None, check.hidden(_app_token)] = None
    others: tuple[WorkspaceTokens, ...] = ()  # of paperwire.toml
    signing_secret: Annotated[SecretStr | None, check.hidden(check.visible)] = None
    client_id: Annotated[str | None, check.text(check.visible)] = None
    client_secret: Annotated[SecretStr | None, check.hidden(check.visible)] = None
    # ends in "/api/"
    api_url: Annotated[str, check.text(_api_url)] = field(default="https://slack.com/api/", repr=False)
    # encrypts the tokens of workspaces that install the app
    secret_key: Annotated[SecretStr | None, check.hidden(check.visible)] = None

    @property
    def workspaces(self) -> tuple[WorkspaceTokens, ...]:
        """The workspaces that were not installed by OAuth: first that of the environment, then those of paperwire.toml."""
        if self.bot_token is None:
            return self.others
        return (WorkspaceTokens(self.bot_token, self.app_token), *self.others)

    @property
    def is_on(self) -> bool:
        """Whether there is a workspace, or workspaces can install the app."""
        return bool(self.workspaces) or self.client_id is not None

    @property
    def is_reached_from_outside(self) -> bool:
        """Whether Slack or browsers send requests to us."""
        return bool(self.signing_secret or self.client_id)


SETTINGS = SlackSettings
