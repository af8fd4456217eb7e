"""Fills in forms and reads the home view as people in a Slack workspace do: the real pipeline without a network.

slack = SlackHarness(store)
form = await slack.opens("sub")
await form.types("diffusion -survey")       # with Enter: the form then shows how the query is read
answer = await form.sends(when="daily", clock="09:00")
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from slack_sdk.models.views import View

from bot.conversation.handler import answer
from bot.dependencies import Dependencies
from bot.platforms.slack import incoming, markup
from bot.platforms.slack.workspaces import ServedWorkspace
from bot.ports.channel import CHAT_FIELD, HomeView, Modal
from bot.ports.conversation import Request
from subscriptions.model import ChatAddress, ChatKind
from tests.bot_harness import Answer, BotHarness, FakePlatformApi

TEAM, ANN, BO = "T1", "U1", "U2"
CHANNEL = "slack:C1"
SERVED = {
    TEAM: ServedWorkspace(team=TEAM, prefix="", bot="U0"),
    "T2": ServedWorkspace(team="T2", prefix="T2", bot="U0"),
}


@dataclass(slots=True)
class FakeForms:
    """Answers the question in which channels a person is."""

    slack: "SlackHarness"
    platform: str = "slack"

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        return markup.modal_view(modal, callback_token)

    def render_home_view(self, home: HomeView) -> str:
        return markup.home_view(home)

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None: ...

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None: ...

    async def publish_home(self, person: ChatAddress, view: str) -> None: ...

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        return self.slack.places_of.get(person.address, frozenset())


@dataclass(slots=True)
class SlackHarness(BotHarness):
    """A BotHarness whose platform is a Slack workspace."""

    places_of: dict[str, frozenset[str] | None] = field(default_factory=dict)  # person → addresses of channels
    members: bool = True  # whether all members may change the subscriptions of a channel

    @property
    def deps(self) -> Dependencies:
        deps: Dependencies = BotHarness.deps.fget(self)  # type: ignore[attr-defined]
        platform_apis = {**deps.conversation.platform_apis, "slack": _SlackApi(self, "slack", has_ephemeral=True)}
        conversation = replace(
            deps.conversation,
            platform_apis=platform_apis,
            forms={"slack": FakeForms(self)},
        )
        return replace(deps, conversation=conversation)

    async def slash(self, text: str, *, by: str = ANN, chat: str = CHANNEL, **more: Any) -> Answer:
        """Sends /paperwire TEXT. Returns the answer."""
        name, _, rest = text.partition(" ")
        kind = ChatKind.TEAM if chat.split(":")[1][0] == "C" else ChatKind.PRIVATE
        fields = {"title": "#vision", **more} if kind is ChatKind.TEAM else more
        return await self.sends_request(chat, command=name, text=rest, by=by, kind=kind, trigger_id="trigger", **fields)

    async def home(self, by: str = ANN) -> "Home":
        """Opens and returns the home view."""
        seen = await self.sends_request(f"slack:{by}", event="home-view", by=by)
        assert seen.stored_reply
        return Home(self, _view(seen.stored_reply.home_view), by)

    def form(self, answer: Answer, by: str) -> "Form":
        """Returns the form that an answer opens."""
        assert answer.stored_reply, "nothing was answered"
        assert answer.stored_reply.modal, answer.stored_reply
        return Form(self, _view(answer.stored_reply.modal), by)

    async def interacts(self, payload: dict[str, Any], team: str = TEAM) -> Answer:
        """Sends the request that Slack sends when a person acts on a view. Returns the answer."""
        request = incoming.read(
            incoming.INTERACTIONS, {"team": {"id": team}, "trigger_id": f"t{next(self.updates)}", **payload}, SERVED
        )
        assert request is not None
        return await self.takes(request)

    async def takes(self, request: Request) -> Answer:
        return Answer(stored_reply=await answer(self.deps, request))


@dataclass(slots=True)
class _SlackApi(FakePlatformApi):
    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        if isinstance(self.bot, SlackHarness) and member_suffices:
            return self.bot.members
        return person in (self.bot.admins.get(str(chat)) or set())


@dataclass(slots=True)
class Form:
    """A form (Slack's modal) as a person sees it."""

    slack: SlackHarness
    view: dict[str, Any]
    by: str
    entered: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """Returns field → its input element."""
        return {block["block_id"]: block["element"] for block in self.view["blocks"] if block["type"] == "input"}

    @property
    def notes(self) -> list[str]:
        """Returns the texts between the fields."""
        return [
            line
            for block in self.view["blocks"]
            if block["type"] == "section"
            for line in block["text"]["text"].split("\n")
        ]

    def value(self, name: str) -> str:
        """Returns the value of a field."""
        element = self.fields[name]
        begun = element.get("initial_value") or element.get("initial_time")
        return self.entered.get(name) or begun or element.get("initial_option", {}).get("value", "")

    def options(self, name: str) -> dict[str, str]:
        """Returns the choices of a field: value → label."""
        return {option["value"]: option["text"]["text"] for option in self.fields[name]["options"]}

    async def types(self, query: str) -> Answer:
        """Types a query and presses Enter. The form is shown again."""
        self.entered["query"] = query
        answer = await self.slack.interacts(
            self._payload("block_actions", actions=[{"action_id": "query", "value": query}])
        )
        if answer.stored_reply and answer.stored_reply.modal:
            assert answer.stored_reply.view == "V1 h1"
            self.view = _view(answer.stored_reply.modal)
        return answer

    async def sends(self, *, by: str = "", team: str = TEAM, **values: str) -> Answer:
        """Submits the form and returns the answer. `values` replace the values that it shows."""
        self.entered |= values
        return await self.slack.interacts(self._payload("view_submission", by=by), team)

    def _payload(self, kind: str, *, by: str = "", **more: Any) -> dict[str, Any]:
        state = {name: {name: state_of(element, self.value(name))} for name, element in self.fields.items()}
        view = {**self.view, "id": "V1", "hash": "h1", "state": {"values": state}}
        return {"type": kind, "user": {"id": by or self.by, "name": "ann"}, "view": view, **more}


@dataclass(slots=True)
class Home:
    """The home view as a person sees it."""

    slack: SlackHarness
    view: dict[str, Any]
    by: str

    @property
    def texts(self) -> list[str]:
        """Returns the texts, block by block."""
        found = []
        for block in self.view["blocks"]:
            match block:
                case {"type": "context", "elements": [{"text": str(text)}]}:
                    found.append(text)
                case {"text": {"text": str(text)}}:
                    found.append(text)
        return found

    def values(self, label: str, beside: str = "") -> list[str]:
        """Returns the values of the buttons with this label; with `beside`, of the menu entries next to that text."""
        found = []
        for block in self.view["blocks"]:
            for element in [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]:
                if element.get("type") == "button" and element["text"]["text"] == label and not beside:
                    found.append(element["value"])
                if beside in block.get("text", {}).get("text", ""):
                    found += [one["value"] for one in element.get("options", ()) if one["text"]["text"] == label]
        return found

    async def presses(self, label: str, beside: str = "", *, nth: int = 0, by: str = "") -> Answer:
        """Presses a button of the home view, or an entry of the menu next to `beside`."""
        return await self.presses_value(self.values(label, beside)[nth], by=by)

    async def presses_value(self, value: str, *, by: str = "", team: str = TEAM) -> Answer:
        """Sends a value as if it came from a button of the home view. Returns the answer."""
        view = {**self.view, "id": "V0", "hash": "h0", "state": {"values": {}}}
        user = {"id": by or self.by, "name": "ann"}
        actions = [{"action_id": "0.0", "type": "button", "value": value}]
        return await self.slack.interacts(
            {"type": "block_actions", "user": user, "view": view, "actions": actions}, team
        )


def _view(text: str) -> dict[str, Any]:
    view: dict[str, Any] = json.loads(text)
    assert len(view["blocks"]) <= 100
    View(**view).validate_json()
    return view


def state_of(element: dict[str, Any], value: str | None) -> dict[str, Any]:
    """Returns the state of an input element with this value. None means the initial value."""
    if value is None:
        value = element.get("initial_value") or element.get("initial_time")
        value = value or element.get("initial_option", {}).get("value", "")
    match element["type"]:
        case "plain_text_input":
            return {"type": "plain_text_input", "value": value or None}
        case "timepicker":
            return {"type": "timepicker", "selected_time": value or None}
        case kind:
            return {"type": kind, "selected_option": {"value": value} if value else None}


__all__ = ["ANN", "BO", "CHANNEL", "CHAT_FIELD", "Form", "Home", "SlackHarness"]
