"""The link under a delivery by which a reader adds the same subscription to a chat of their own."""

from collections import Counter
from collections.abc import Mapping

from bot.ports.clock import Clock
from subscriptions.errors import NotFound
from subscriptions.model import Delivery
from subscriptions.platforms import facts_of
from subscriptions.service.chats import bot_name, share_link
from subscriptions.store import Store


def subscribe_link(store: Store, clock: Clock, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns the link that offers the subscription that brought most papers of a delivery.

    "" if the platform has no such links, or if the bot's name there is not known yet.
    """
    platform = delivery.chat.address.platform
    numbers = Counter(item.because[0].number for item in delivery.items if item.because)
    name, links = bot_name(store, platform, bot_names.get(platform, "")), facts_of(platform).links
    if not name or not numbers or links is None:
        return ""
    (number, _), *_ = numbers.most_common(1)
    try:
        return links.start(name, share_link(store, delivery.chat.address, number, now=clock.now()))
    except NotFound:  # the subscription was removed; the delivery that was planned for it is sent anyway
        return ""
