"""Places that the bot could not write to and can write to again."""

from datetime import datetime

from subscriptions.model import Chat, ChatAddress
from subscriptions.service.subscriptions.changes import note_changed_state
from subscriptions.service.subscriptions.pausing import hold_back
from subscriptions.states import ChatState
from subscriptions.store import Scope
from subscriptions.store.chat import chats as stored_chats


def come_back(store: Scope, address: ChatAddress, *, now: datetime) -> bool:
    """A place that the bot could not write to can be written to again, with its topics; a topic by itself.

    What would go at once waits ten minutes, so that a person can say that they do not want it. False: it was not gone.
    """
    with store.write() as transaction:
        ids = stored_chats.chats_of_lane(transaction, address.lane)
        chats = stored_chats.chats_by_id(transaction, ids, zone=store.zone).values()
        returning = [chat for chat in chats if _returns(chat, address)]
        back = [chat for chat in returning if stored_chats.mark_reachable(transaction, chat.id, now=now)]
        for chat in back:
            note_changed_state(transaction, chat.id)
            hold_back(transaction, chat, now)
    return bool(back)


def _returns(chat: Chat, address: ChatAddress) -> bool:
    """Whether a chat of the place comes back with `address`: a topic that is closed stays so when its group is back."""
    if chat.address == address or address.topic:
        return chat.address == address
    closed = chat.state is ChatState.PAUSED and chat.pause_reason is not None and chat.pause_reason.is_of_topic
    return not closed
