"""The replies to requests for which no command runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, SerializerFunctionWrapHandler, TypeAdapter, WrapSerializer

from bot.commands.context import CommandContext
from bot.commands.phrasing.refusal_words import refused
from bot.ports.channel import Reply
from bot.ports.conversation import CallbackRequest, FormRequest, Interaction, MessageRequest
from subscriptions.addresses import command_prefix
from subscriptions.cutting import cut_letters
from subscriptions.errors import PaperwireError
from subscriptions.model import ChatAddress, Message

_QUOTED = 80  # characters of a message that is quoted


def refusal(command: CommandContext, words: str) -> Reply:
    """Returns a refusal that only the sender sees: a toast for a button, else one line."""
    if isinstance(command.request, Interaction):
        return Reply(toast=words)
    return Reply(lines=(words,), ok=False, is_ephemeral=True)


def internal_error(command: CommandContext) -> Reply | None:
    """Returns the answer to a request with which our code failed; None if the message was not meant for the bot."""
    words = command.say("I stumbled over that; nothing was changed. Say it another way, or tell the operator.")
    match command.request:
        case CallbackRequest() | FormRequest():
            return Reply(toast=words)
        case MessageRequest(is_addressed=False, command=""):
            return None
        case _:
            return Reply(lines=(words,), ok=False)


def old_form(command: CommandContext) -> Reply:
    """Returns the answer to a form that is too old or was opened by another person."""
    words = command.say("This form is too old, or not yours. Nothing was changed; please open it again.")
    submitted = isinstance(command.request, FormRequest) and command.request.is_submitted
    return Reply(lines=(words,), ok=False) if submitted else Reply(toast=words)


def old_button(command: CommandContext) -> Reply:
    """Returns the answer to a button that has no effect any more, or none for this person."""
    return Reply(toast=command.say("This button does not work any more, or not for you."))


def operators_only(command: CommandContext, *, is_to_destination: bool) -> Reply:
    """Returns the refusal of a command that only operators may give."""
    if not is_to_destination:
        return refusal(command, command.say("Only the operator of this bot can do that."))
    return refusal(
        command,
        command.say(
            "Only the operator of this bot sends papers there. To look for these words, put them in quotation marks."
        ),
    )


def file_unreadable(command: CommandContext, *, why: str) -> Reply:
    """Returns the answer to a document that cannot be downloaded from the platform."""
    return Reply(lines=(command.say("The file cannot be read: {why}", why=why),), ok=False)


def file_refused(command: CommandContext, *, error: PaperwireError) -> Reply:
    """Returns the answer to a document that is too large."""
    return refused(error, command.localizer)


def no_answer(_: CommandContext) -> None:
    """Answers nothing."""


def too_many(command: CommandContext, *, seconds: int) -> Reply:
    """Returns the answer to a command beyond the limit of a minute, which names the command: it is the first that is not read."""
    message = command.request
    if not isinstance(message, MessageRequest):
        return Reply(
            toast=command.localizer.count(
                "That was a lot at once. I listen again in {count} second.",
                "That was a lot at once. I listen again in {count} seconds.",
                seconds,
            )
        )
    typed = " ".join(
        f"{command_prefix(message.chat) if message.command else ''}{message.command} {message.text}".split()
    )
    words = command.localizer.count(
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} second.",
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} seconds.",
        seconds,
        message=f"“{cut_letters(typed, _QUOTED)}”" if typed else command.say("your file"),
    )
    return Reply(lines=(words,))


# ---------------------------------------------------------------------------------------------------------------------
# The rendered reply to a request, and its JSON in the store, from which any process can post it.


def _as_pairs(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    return [(message.payload, message.plain) for message in messages]


def _from_pairs(messages: Any) -> tuple[Message, ...]:  # noqa: ANN401 - what json.loads returned
    return tuple(Message(number=n, payload=payload, plain=plain) for n, (payload, plain) in enumerate(messages, 1))


Messages = Annotated[tuple[Message, ...], BeforeValidator(_from_pairs), PlainSerializer(_as_pairs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """A rendered reply and where it goes."""

    update: Annotated[str, Field(exclude=True)]  # the platform's id of the update that the reply answers; the row's key
    chat: ChatAddress
    messages: Messages = ()
    replaces: str = ""  # the platform's id of the message that the first of `messages` replaces
    callback_id: str = ""  # the platform's id of the callback to be acknowledged
    toast: str = ""  # a few words that are shown with that acknowledgement
    file: tuple[str, str] | None = None  # (name, text) of a document that is sent after the messages
    thread: str = ""  # the platform's id of the message in whose thread the reply goes
    is_ephemeral: bool = False  # only `person` sees it
    person: str = ""  # the platform's id of the sender of the request
    response_url: str = ""  # a URL to which answers to the request can be posted
    replaces_ephemeral: bool = False  # the reply replaces a message that only `person` sees
    modal: str = ""  # a form, as a view for Forms
    instead: Messages = ()  # posted if the form cannot be opened
    trigger_id: str = ""  # opens the form, once and within seconds
    view: str = ""  # the platform's id of the open form that `modal` replaces; "" if a new form is opened
    home_view: str = ""  # the home view of `person`, as a view for Forms
    problems: Mapping[str, str] = field(default_factory=dict)  # what is wrong with a submitted form, by field
    lookup_ids: tuple[str, ...] = ()  # arXiv ids that are looked up at arXiv next
    changed: bool = False  # the sender's home view must be shown again

    def to_json(self) -> str:
        """Returns the JSON that `from_json` reads."""
        return json.dumps(_STORED.dump_python(self, mode="json"), ensure_ascii=False)

    @classmethod
    def from_json(cls, update: str, text: str) -> "StoredReply":
        """Returns the reply to this update that `to_json` wrote."""
        return _STORED.validate_python({"update": update, **json.loads(text)})


def _with_chat(stored: dict[str, Any]) -> dict[str, Any]:
    """Returns the stored object with its chat as one value."""
    chat = ChatAddress(stored.pop("platform"), stored.pop("address"), stored.pop("topic"))
    return {**stored, "chat": chat}


def _without_chat(reply: StoredReply, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
    """Returns the object to be stored, in which the chat is replaced by its fields."""
    fields = serialize(reply)
    return {**fields.pop("chat"), **fields}


_STORED = TypeAdapter(Annotated[StoredReply, BeforeValidator(_with_chat), WrapSerializer(_without_chat)])
