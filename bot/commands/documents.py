"""A subscription as JSON, from a subcommand with `--json`."""

from bot.commands import phrasing
from subscriptions.service.listing import Listed


def subscription_document(entry: Listed) -> dict[str, object]:
    """Returns one element of `subscriptions --json` (docs/commands.md)."""
    subscription = entry.subscription
    return {
        "number": subscription.number,
        "chat": str(entry.chat.address),
        "name": subscription.name,
        "text": subscription.text,
        "canonical": subscription.canonical,
        "cadence": str(subscription.cadence),
        "zone": entry.zone,
        "state": phrasing.state_of(entry),
        "next_due_at": subscription.next_due_at,
    }
