"""The link under a delivery, [get your own]: which of its subscriptions it offers to other people, and where there is none."""

from collections import Counter
from collections.abc import Mapping

from subscriptions import addresses
from subscriptions.model import Delivery
from subscriptions.service.link_payloads import link_payload
from subscriptions.service.retention import bot_name
from subscriptions.store.database.store import Store


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns a link that offers the query which brought most papers of a delivery; one to the bot if it is too long.

    Returns "" if there is no link, for example because the bot's name on the platform is still unknown.
    """
    platform = delivery.chat.address.platform
    name, links = bot_names.get(platform, "") or bot_name(store, platform), addresses.facts_of(platform).links
    queries = Counter(item.because[0].text for item in delivery.items if item.because)
    if not name or not queries or links is None:
        return ""
    return links.start(name, link_payload(queries.most_common(1)[0][0]))
