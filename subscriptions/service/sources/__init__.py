"""Sources: when each is polled, and what their polls brought."""

from subscriptions.service.sources.enrichment import give_back as give_back
from subscriptions.service.sources.enrichment import take_lacking as take_lacking
from subscriptions.service.sources.polls import add_receipt as add_receipt
from subscriptions.service.sources.polls import give_turn as give_turn
from subscriptions.service.sources.polls import known_sources as known_sources
from subscriptions.service.sources.polls import note_poll as note_poll
from subscriptions.service.sources.polls import receipts_of as receipts_of
from subscriptions.service.sources.polls import receipts_since as receipts_since
from subscriptions.service.sources.polls import sync_sources as sync_sources
from subscriptions.service.sources.polls import take_poll as take_poll
from subscriptions.service.sources.polls import take_turn as take_turn
from subscriptions.service.sources.polls import tell_of_filed_days as tell_of_filed_days
from subscriptions.service.sources.polls import tell_of_missed_days as tell_of_missed_days
from subscriptions.service.sources.polls import tell_of_source as tell_of_source
from subscriptions.service.sources.polls import unknown_sources as unknown_sources
