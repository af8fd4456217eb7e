"""The operator's settings of Slack. Without a bot token the platform is off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import SecretStr

from bot.settings import checks as check
from bot.settings.of_rooms import RoomSettings, Variable

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
    }
    PREFIX = "SLACK_"

    bot_token: Annotated[SecretStr | None, check.hidden(_bot_token)] = None
    app_token: Annotated[SecretStr | None, check.hidden(_app_token)] = None
    # ends in "/api/"
    api_url: Annotated[str, check.text(_api_url)] = field(default="https://slack.com/api/", repr=False)

    @property
    def is_on(self) -> bool:
        """Whether there is a token of the bot."""
        return self.bot_token is not None


SETTINGS = SlackSettings
