"""Places that the bot could not write to and can write to again."""

from datetime import datetime

from subscriptions.model import ChatAddress
from subscriptions.service.subscriptions.pausing import hold_back
from subscriptions.store import Scope
from subscriptions.store import chats as people

_OF_THE_TOPIC = ("topic", "thread")  # words of reasons that concern one topic: it stays closed when the group is back


def come_back(store: Scope, address: ChatAddress, *, now: datetime) -> bool:
    """A place that the bot could not write to can be written to again, with its topics; a topic by itself.

    What would go at once waits ten minutes, so that a person can say that they do not want it. False: it was not gone.
    """
    with store.write() as transaction:
        ids = people.chats_of_lane(transaction, address.lane)
        chats = people.chats_by_id(transaction, ids, zone=store.zone).values()
        returning = [chat for chat in chats if _returns(chat.address, chat.state_reason, address)]
        back = [chat for chat in returning if people.come_back(transaction, chat.id, now=now)]
        for chat in back:
            hold_back(transaction, chat, now)
    return bool(back)


def _returns(chat: ChatAddress, reason: str, address: ChatAddress) -> bool:
    if chat == address or address.topic:
        return chat == address
    return not (chat.topic and any(word in reason.lower() for word in _OF_THE_TOPIC))
