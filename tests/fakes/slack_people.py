"""Actions of people on the fake Slack. For each action, the fake sends the app the event, command or interaction."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.fakes import slack_event_delivery
from tests.fakes.server import LOOPBACK, FakePlatform
from tests.fakes.slack_workspace import FakeConversation, FakeWorkspace, stamps
from tests.patience import PATIENCE

TEAM = "T0TEST"
TOKEN = "xoxb-made-up-token-of-a-workspace"
APP_TOKEN = "xapp-1-A0TEST-made-up-token-of-an-app"


@dataclass(slots=True)
class ResponseUrl:
    """A response URL: an address to which the app may post answers to one command or interaction."""

    workspace: FakeWorkspace
    channel: str
    person: str
    message: str = ""  # the ts of the message with the pressed button
    since: float = 0.0
    left: int = 5  # how often it can still be used (docs.slack.dev, Handling user interaction)


@dataclass(slots=True)
class Upload:
    """A file that the app is uploading, or that a person sent."""

    workspace: FakeWorkspace
    name: str
    length: int
    content: bytes = b""


class SlackPeople(FakePlatform):
    """Verbs of people, verbs for events of channels and of the app, and verbs about the connection to it."""

    def __init__(self, journal: Path | None = None) -> None:
        super().__init__(journal)
        self._stamp = stamps()
        self._first = FakeWorkspace(TEAM, TOKEN, APP_TOKEN, self._stamp)
        self._numbers = count(1)
        self._response_urls: dict[str, ResponseUrl] = {}
        self._uploads: dict[str, Upload] = {}
        self.event_delivery = slack_event_delivery.EventDelivery(self.news)

    def user_types(
        self, text: str, channel: str = "C1", *, by: str = "U1", name: str = ""
    ) -> slack_event_delivery.SentEnvelope:
        """Types a slash command as a person. A channel "D…" is the person's direct messages with the bot."""
        workspace = self._first
        command, _, rest = text.partition(" ")
        known = workspace.conversations.get(channel, FakeConversation(channel, member=False))
        return self._bring(
            slack_event_delivery.COMMANDS,
            {
                "team_id": workspace.team,
                "team_domain": workspace.team.lower(),
                "channel_id": channel,
                "channel_name": name or known.shown_name,
                "user_id": by,
                "user_name": by.lower(),
                "command": command,
                "text": escaped(rest),
                "api_app_id": "A0TEST",
                "is_enterprise_install": "false",
                "response_url": self._answers(workspace, channel, by),
                "trigger_id": self._trigger(),
            },
            workspace,
        )

    def mentions(
        self, text: str, channel: str = "C1", *, by: str = "U1", thread: str = "", home: str = ""
    ) -> slack_event_delivery.SentEnvelope:
        """Mentions the bot in a channel as a person. `text` follows the bot's name."""
        workspace = self._first
        ts = workspace.next_ts()
        event = {
            "type": "app_mention",
            "user": by,
            "text": f"<@{workspace.bot}> {escaped(text)}".strip(),
            "ts": ts,
            "channel": channel,
            "event_ts": ts,
            **({"thread_ts": thread} if thread else {}),
            **({"user_team": home, "source_team": home} if home else {}),
        }
        conversation = workspace.conversations[channel]
        conversation.messages[ts] = {**event, "type": "message"}
        return self._event(event, workspace, needs="app_mentions:read", member=conversation)

    def edits(self, sent: slack_event_delivery.SentEnvelope, text: str) -> slack_event_delivery.SentEnvelope:
        """Edits a mention or a direct message as its author, who changes what follows the bot's name."""
        workspace, before = self._first, sent.payload["event"]
        said = escaped(text)
        if before["type"] == "app_mention":
            event = {
                **before,
                "text": f"<@{workspace.bot}> {said}".strip(),
                "edited": {"user": before["user"], "ts": workspace.next_ts()},
            }
            return self._event(event, workspace)
        stamp = workspace.next_ts()
        message = {name: before[name] for name in ("type", "user", "text", "ts", "team")}
        event = {
            "type": "message",
            "subtype": "message_changed",
            "message": {**message, "text": said, "edited": {"user": before["user"], "ts": stamp}},
            "previous_message": message,
            "channel": before["channel"],
            "channel_type": "im",
            "hidden": True,
            "ts": stamp,
            "event_ts": stamp,
        }
        return self._event(event, workspace)

    def writes_dm(
        self,
        text: str,
        *,
        by: str = "U1",
        file: tuple[str, str] | None = None,
        wrapped: bool = False,
    ) -> slack_event_delivery.SentEnvelope:
        """Writes a direct message to the bot, or sends a file.

        `wrapped`: the text is already escaped as Slack sends it.
        """
        workspace = self._first
        direct = workspace.direct_with(by)
        ts = workspace.next_ts()
        said: dict[str, Any] = {
            "type": "message",
            "user": by,
            "text": text if wrapped else escaped(text),
            "ts": ts,
            "team": workspace.team,
        }
        if file is not None:
            said |= {"subtype": "file_share", "files": [self._dropped(workspace, *file)]}
        direct.messages[ts] = said
        event = {**said, "channel": direct.id, "channel_type": "im", "event_ts": workspace.next_ts()}
        return self._event(event, workspace, needs="im:history")

    def clicks(
        self, what: str, channel: str = "C1", *, by: str = "U1", home: str = "", tampered: bool = False
    ) -> slack_event_delivery.SentEnvelope:
        """Presses a button or menu entry with this label: the newest that the person sees in the channel.

        With `tampered`, no button needs this label, and the app gets it as an invented value.
        """
        workspace = self._first
        conversation = workspace.conversations.get(channel) or FakeConversation(channel, member=False)
        seen = [one for one in conversation.messages.values() if one.get("whispered", by) == by and one.get("blocks")]
        message, action = self._pressed(seen, what, tampered=tampered)
        whispered = "whispered" in message
        ts = str(message.get("ts", workspace.next_ts()))
        thread: dict[str, Any] = {"thread_ts": message["thread_ts"]} if message.get("thread_ts") else {}
        shown: dict[str, Any] = {name: value for name, value in message.items() if name != "whispered"}
        under: dict[str, Any] = {} if whispered else {"message": {**shown, **thread}}
        return self._bring(
            slack_event_delivery.INTERACTIONS,
            {
                "type": "block_actions",
                "user": {"id": by, "username": by.lower(), "name": by.lower(), "team_id": home or workspace.team},
                "api_app_id": "A0TEST",
                "team": {"id": workspace.team, "domain": workspace.team.lower()},
                "container": {
                    "type": "message",
                    "message_ts": ts,
                    "channel_id": channel,
                    "is_ephemeral": whispered,
                    **thread,
                },
                "trigger_id": self._trigger(),
                "channel": {"id": channel, "name": conversation.shown_name},
                "response_url": self._answers(workspace, channel, by, ts),
                "actions": [{"block_id": "b", "action_ts": ts, **action}],
                **under,
            },
            workspace,
        )

    def brings(
        self, payload: dict[str, Any], kind: str = slack_event_delivery.INTERACTIONS
    ) -> slack_event_delivery.SentEnvelope:
        """Sends the app this payload, unchanged. Tests use this for payloads that no other verb sends."""
        return self._bring(kind, payload, self._first)

    def invites(self, channel: str, *, by: str = "U1") -> slack_event_delivery.SentEnvelope:
        """Adds the bot to a channel as a person."""
        workspace = self._first
        workspace.conversations[channel].member = True
        return self._place_event(
            {
                "type": "member_joined_channel",
                "user": workspace.bot,
                "channel": channel,
                "inviter": by,
                "channel_type": "C",
                "team": workspace.team,
            },
            channel,
            workspace,
        )

    def leaves(self, channel: str) -> slack_event_delivery.SentEnvelope:
        """Removes the bot from a channel."""
        workspace = self._first
        sent = self._place_event({"type": "channel_left", "channel": channel}, channel, workspace)
        workspace.conversations[channel].member = False
        return sent

    def archives(self, channel: str) -> slack_event_delivery.SentEnvelope:
        self._first.conversations[channel].archived = True
        return self._place_event({"type": "channel_archive", "channel": channel, "user": "U0ANN"}, channel, self._first)

    def unarchives(self, channel: str) -> slack_event_delivery.SentEnvelope:
        self._first.conversations[channel].archived = False
        return self._place_event(
            {"type": "channel_unarchive", "channel": channel, "user": "U0ANN"}, channel, self._first
        )

    def renames(self, channel: str, name: str) -> slack_event_delivery.SentEnvelope:
        self._first.conversations[channel].name = name
        return self._place_event(
            {"type": "channel_rename", "channel": {"id": channel, "name": name, "created": 1}}, channel, self._first
        )

    def deletes_channel(self, channel: str) -> slack_event_delivery.SentEnvelope:
        sent = self._place_event({"type": "channel_deleted", "channel": channel}, channel, self._first)
        del self._first.conversations[channel]
        return sent

    def changes_id(self, old: str, new: str) -> slack_event_delivery.SentEnvelope:
        """Gives a channel another id. This happens when a channel becomes shared."""
        conversation = self._first.conversations.pop(old)
        conversation.id = new
        self._first.conversations[new] = conversation
        return self._place_event(
            {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new}, new, self._first
        )

    def drops_connections(self) -> None:
        """Closes all connections without announcement."""
        self._wait(self.event_delivery.drop())

    def repeats(self, *, also_acknowledged: bool = False) -> int:
        """Sends unacknowledged events again; with `also_acknowledged`, all events. Returns their number."""
        return self.in_its_loop(lambda: self.event_delivery.repeat(also_acknowledged=also_acknowledged))

    def waits_until_settled(self) -> None:
        """Waits until each envelope is acknowledged or has failed.

        An async test calls this by `await asyncio.to_thread(…)`.
        """
        self._waits_until(lambda: all(one.acknowledged or one.failed for one in self.event_delivery.sent))

    def waits_connected(self, times: int = 1, seconds: float = PATIENCE) -> None:
        """Waits until `times` connections are open that Slack has not announced to close."""
        self._waits_until(lambda: len(self.event_delivery.lines) >= times, seconds)

    def _event(
        self,
        event: dict[str, Any],
        workspace: FakeWorkspace,
        *,
        needs: str = "",
        member: FakeConversation | None = None,
    ) -> slack_event_delivery.SentEnvelope:
        """Sends an event.

        If the app lacks the scope `needs`, or the bot is not in `member`, returns it as failed instead.
        """
        payload = {
            "token": "legacy",
            "team_id": workspace.team,
            "api_app_id": "A0TEST",
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{next(self._numbers):08d}",
            "event_time": int(self._time()),
            "authorizations": [{"team_id": workspace.team, "user_id": workspace.bot, "is_bot": True}],
        }
        if (needs and needs not in workspace.scopes) or (member is not None and not member.member):
            return slack_event_delivery.SentEnvelope(
                slack_event_delivery.EVENTS, payload, workspace.app_token, 0, failed="the app may not see it"
            )
        return self._bring(slack_event_delivery.EVENTS, payload, workspace)

    def _place_event(
        self, event: dict[str, Any], channel: str, workspace: FakeWorkspace
    ) -> slack_event_delivery.SentEnvelope:
        conversation = workspace.conversations[channel]
        return self._event(
            {**event, "event_ts": workspace.next_ts()},
            workspace,
            needs=f"{workspace.kind(conversation)}:read",
            member=conversation,
        )

    def _bring(self, kind: str, payload: dict[str, Any], workspace: FakeWorkspace) -> slack_event_delivery.SentEnvelope:
        return self.in_its_loop(lambda: self.event_delivery.bring(kind, payload, workspace.app_token))

    def _trigger(self) -> str:
        return f"{next(self._numbers)}.{int(self._time())}.made-up"

    def _answers(self, workspace: FakeWorkspace, channel: str, person: str, message: str = "") -> str:
        name = f"{workspace.team}-{next(self._numbers)}"
        self._response_urls[name] = ResponseUrl(workspace, channel, person, message, self._time())
        return f"http://{LOOPBACK}:{self.port}/respond/{name}"

    def _dropped(self, workspace: FakeWorkspace, name: str, content: str) -> dict[str, Any]:
        file = f"F{next(self._numbers)}"
        self._uploads[file] = Upload(workspace, name, len(content.encode()), content.encode())
        return {"id": file, "name": name, "size": len(content.encode())}

    @staticmethod
    def _pressed(seen: list[dict[str, Any]], what: str, *, tampered: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns (message, action) of the newest button or menu entry with this label."""
        for message in reversed(seen):
            for block in message["blocks"]:
                for element in [*block.get("elements", ()), *filter(None, [block.get("accessory")])]:
                    if isinstance(element.get("text"), dict) and element["text"]["text"] == what:
                        return message, {
                            name: element.get(name) for name in ("type", "action_id", "value") if name in element
                        }
                    for option in element.get("options", ()):
                        if option["text"]["text"] == what:
                            return message, {
                                "type": element["type"],
                                "action_id": element.get("action_id", ""),
                                "selected_option": option,
                            }
        assert tampered, f"no button [{what}] there"
        return (seen[-1] if seen else {}), {"type": "button", "action_id": "0.0", "value": what}


def escaped(text: str) -> str:
    """Returns the text with Slack's escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
