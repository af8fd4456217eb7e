"""The rendered reply to a request, and its JSON in the store, from which any process can post it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, SerializerFunctionWrapHandler, TypeAdapter, WrapSerializer

from subscriptions.model import ChatAddress, Message


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
