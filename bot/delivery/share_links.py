"""The link under a delivery, [get your own], with the subscriptions that other people may take over."""

from collections import Counter
from collections.abc import Mapping

from subscriptions.chats import addresses
from subscriptions.chats.stored.subscriptions import subscriptions_in
from subscriptions.database.store import Store, Transaction
from subscriptions.model import Delivery
from subscriptions.subscribing.export_format import link_payload


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Return a link that offers the subscription which brought most papers of a delivery.

    If that is too long for a link, it offers the query without its time, or only open the bot. Return "" if there is
    no link, for example because the bot's name on the platform is still unknown.
    """
    platform = delivery.chat.address.platform
    name, links = bot_names.get(platform, ""), addresses.facts_of(platform).links
    brought = Counter((item.because[0].number, item.because[0].text) for item in delivery.items if item.because)
    if not name or not brought or links is None:
        return ""
    (((number, query), _),) = brought.most_common(1)
    return links.start(
        name, link_payload(f"{query} {store.read_now(_cadence, delivery, number)}") or link_payload(query)
    )


def _cadence(transaction: Transaction, delivery: Delivery, number: int) -> str:
    """Return when a subscription delivers; "" if it was removed after the delivery was planned."""
    there = subscriptions_in(transaction, delivery.chat.id)
    return next((str(one.cadence) for one in there if one.number == number), "")
