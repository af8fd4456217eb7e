"""The link under a delivery by which a reader adds the same subscription to a chat of their own."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.context.dependencies import Context
from bot.ports.channel import Clock
from subscriptions.errors import NotFound
from subscriptions.model import Delivery
from subscriptions.platforms import facts_of
from subscriptions.service.chats.conversation_state import share_link, shared_link
from subscriptions.service.chats.retention import bot_name
from subscriptions.store import READS, WRITES, Steps, Store


def store_offers(context: Context, deliveries: Sequence[Delivery]) -> Steps[None]:
    """Stores the offers of the links under these deliveries, so that rendering them writes nothing."""
    linked = [delivery for delivery in deliveries if delivery.chat.settings.buttons == "link" and _number(delivery)]
    if linked:
        yield WRITES
        for delivery in linked:
            context.store_offer(delivery)
        yield READS


def store_offer(store: Store, clock: Clock, bot_names: Mapping[str, str], delivery: Delivery) -> None:
    """Stores the offer of the link under a delivery: the subscription that brought most of its papers."""
    platform, number = delivery.chat.address.platform, _number(delivery)
    name = bot_name(store, platform, bot_names.get(platform, ""))
    if name and number and facts_of(platform).links is not None:
        try:
            share_link(store, delivery.chat.address, number, now=clock.now())
        except NotFound:  # the subscription was removed; the delivery that was planned for it is sent anyway
            return


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns the link whose offer `store_offer` stored.

    "" if there is none: the platform has no such links, or the bot's name there is not known yet.
    """
    platform, number = delivery.chat.address.platform, _number(delivery)
    name, links = bot_names.get(platform, "") or bot_name(store, platform), facts_of(platform).links
    if not name or not number or links is None:
        return ""
    offer = shared_link(store, delivery.chat.address, number)
    return links.start(name, offer) if offer else ""


def _number(delivery: Delivery) -> int:
    """Returns the number of the subscription that brought most papers of a delivery; 0 if it has none."""
    numbers = Counter(item.because[0].number for item in delivery.items if item.because)
    return numbers.most_common(1)[0][0] if numbers else 0
