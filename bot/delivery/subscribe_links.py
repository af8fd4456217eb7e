"""The link under a delivery, [get your own]: which of its subscriptions it offers to other people, and where there is none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from bot.dependencies import Dependencies
from subscriptions import addresses, errors
from subscriptions.model import Delivery
from subscriptions.service import conversation_state
from subscriptions.service.retention import bot_name
from subscriptions.store.database.store import Store, Transaction, writes


def store_offers(store: Store, deps: Dependencies, deliveries: Sequence[Delivery]) -> None:
    """Stores what the subscribe links under these deliveries offer, so that rendering them writes nothing.

    Such a link offers the subscription that brought most papers of the delivery.
    """
    linked = [delivery for delivery in deliveries if delivery.chat.settings.buttons == "link" and _number(delivery)]
    if linked:
        _offer(store, deps, linked)


@writes
def _offer(transaction: Transaction, deps: Dependencies, deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        address, names = delivery.chat.address, deps.conversation.bot_info.bot_names
        name = bot_name(transaction, address.platform, names.get(address.platform, ""))
        if name and addresses.facts_of(address.platform).links is not None:
            # the subscription may have been removed, but its planned delivery is sent
            with suppress(errors.NotFound), transaction.savepoint() as part:
                conversation_state.share_link(part, address, _number(delivery), now=deps.clock.now())


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns the subscribe link of a delivery. Call `store_offers` first.

    Returns "" if there is no link, for example because the bot's name on the platform is still unknown.
    """
    platform, number = delivery.chat.address.platform, _number(delivery)
    name, links = bot_names.get(platform, "") or bot_name(store, platform), addresses.facts_of(platform).links
    if not name or not number or links is None:
        return ""
    offer = conversation_state.shared_link(store, delivery.chat.address, number)
    return links.start(name, offer) if offer else ""


def _number(delivery: Delivery) -> int:
    """Returns the number of the subscription that brought most papers of a delivery; 0 if it has none."""
    numbers = Counter(item.because[0].number for item in delivery.items if item.because)
    if numbers:
        return numbers.most_common(1)[0][0]
    return 0
