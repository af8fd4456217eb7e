"""Sources: when each is polled, and what their polls brought."""

from subscriptions.service.sources.enrichment import claim_incomplete as claim_incomplete
from subscriptions.service.sources.enrichment import give_back as give_back
from subscriptions.service.sources.polls import claim_poll as claim_poll
from subscriptions.service.sources.polls import claim_slot as claim_slot
from subscriptions.service.sources.polls import known_sources as known_sources
from subscriptions.service.sources.polls import note_poll as note_poll
from subscriptions.service.sources.polls import notify_filed_days as notify_filed_days
from subscriptions.service.sources.polls import notify_missed_days as notify_missed_days
from subscriptions.service.sources.polls import notify_source as notify_source
from subscriptions.service.sources.polls import receipts_since as receipts_since
from subscriptions.service.sources.polls import release_slot as release_slot
from subscriptions.service.sources.polls import sync_sources as sync_sources
from subscriptions.service.sources.polls import unknown_sources as unknown_sources
