"""The domain of paperwire: papers, queries, subscriptions, deliveries. This is its only door."""

from importlib import import_module
from typing import TYPE_CHECKING

from subscriptions.cadence import cadence_text as cadence_text
from subscriptions.cadence import make_cadence as make_cadence
from subscriptions.cadence import next_due as next_due
from subscriptions.cadence import parse_cadence as parse_cadence
from subscriptions.cadence import quiet_until as quiet_until
from subscriptions.cadence import split_when as split_when
from subscriptions.cadence import zone as zone
from subscriptions.cadence import zone_name as zone_name
from subscriptions.categories import has_classes as has_classes
from subscriptions.errors import ChatGone as ChatGone
from subscriptions.errors import ChatMoved as ChatMoved
from subscriptions.errors import NotDelivered as NotDelivered
from subscriptions.errors import NotFound as NotFound
from subscriptions.errors import PaperwireError as PaperwireError
from subscriptions.errors import QueryError as QueryError
from subscriptions.errors import Refused as Refused
from subscriptions.errors import Rejected as Rejected
from subscriptions.errors import RetryLater as RetryLater
from subscriptions.errors import SenderStopped as SenderStopped
from subscriptions.errors import Sentence as Sentence
from subscriptions.errors import StoreError as StoreError
from subscriptions.errors import Unclear as Unclear
from subscriptions.matching import Hit as Hit
from subscriptions.matching import Miss as Miss
from subscriptions.matching import PaperIndex as PaperIndex
from subscriptions.matching import QuerySet as QuerySet
from subscriptions.matching import match as match
from subscriptions.matching import matching_papers as matching_papers
from subscriptions.matching import merge_copies as merge_copies
from subscriptions.matching import spans as spans
from subscriptions.matching import why as why
from subscriptions.matching import whynot as whynot
from subscriptions.model import Announce as Announce
from subscriptions.model import Because as Because
from subscriptions.model import Cadence as Cadence
from subscriptions.model import Chat as Chat
from subscriptions.model import ChatAddress as ChatAddress
from subscriptions.model import ChatKind as ChatKind
from subscriptions.model import ChatSettings as ChatSettings
from subscriptions.model import ChatState as ChatState
from subscriptions.model import Delivery as Delivery
from subscriptions.model import Digest as Digest
from subscriptions.model import DigestWarning as DigestWarning
from subscriptions.model import Facts as Facts
from subscriptions.model import Item as Item
from subscriptions.model import Kind as Kind
from subscriptions.model import KnownPaper as KnownPaper
from subscriptions.model import Lane as Lane
from subscriptions.model import Link as Link
from subscriptions.model import Message as Message
from subscriptions.model import Paper as Paper
from subscriptions.model import Subscription as Subscription
from subscriptions.model import Summary as Summary
from subscriptions.model import Translation as Translation
from subscriptions.normalize import accent_macros as accent_macros
from subscriptions.preferences import SETTINGS as SETTINGS
from subscriptions.preferences import check_value as check_value
from subscriptions.preferences import language as language
from subscriptions.preferences import resolve as resolve
from subscriptions.preferences import setting_name as setting_name
from subscriptions.query import And as And
from subscriptions.query import Leaf as Leaf
from subscriptions.query import Node as Node
from subscriptions.query import Not as Not
from subscriptions.query import Or as Or
from subscriptions.query import Query as Query
from subscriptions.query import Term as Term
from subscriptions.query import fold_source as fold_source
from subscriptions.query import parse_canonical as parse_canonical
from subscriptions.query import parse_query as parse_query
from subscriptions.retry import OnUnclear as OnUnclear
from subscriptions.retry import Verdict as Verdict
from subscriptions.summaries import SummaryState as SummaryState
from subscriptions.summaries import summary_state as summary_state

if TYPE_CHECKING:
    from subscriptions.service import ImportPlan as ImportPlan
    from subscriptions.service import Listed as Listed
    from subscriptions.service import Preview as Preview
    from subscriptions.service import Progress as Progress
    from subscriptions.service import Restored as Restored
    from subscriptions.service import Subscribed as Subscribed
    from subscriptions.service import Wish as Wish
    from subscriptions.service import add_links as add_links
    from subscriptions.service import begin as begin
    from subscriptions.service import belongs_to as belongs_to
    from subscriptions.service import cannot_render as cannot_render
    from subscriptions.service import chat_is_gone as chat_is_gone
    from subscriptions.service import chat_moved as chat_moved
    from subscriptions.service import claim as claim
    from subscriptions.service import claim_edit as claim_edit
    from subscriptions.service import clean_up as clean_up
    from subscriptions.service import commands_since as commands_since
    from subscriptions.service import confirm as confirm
    from subscriptions.service import count_as_sent as count_as_sent
    from subscriptions.service import delivery as delivery
    from subscriptions.service import dismiss as dismiss
    from subscriptions.service import edit_done as edit_done
    from subscriptions.service import export as export
    from subscriptions.service import find_link as find_link
    from subscriptions.service import forget as forget
    from subscriptions.service import free_platforms as free_platforms
    from subscriptions.service import freeze as freeze
    from subscriptions.service import get_chat as get_chat
    from subscriptions.service import had_its_effect as had_its_effect
    from subscriptions.service import hold as hold
    from subscriptions.service import import_plan as import_plan
    from subscriptions.service import import_text as import_text
    from subscriptions.service import ingest_digest as ingest_digest
    from subscriptions.service import known_or_new as known_or_new
    from subscriptions.service import lanes as lanes
    from subscriptions.service import let_go as let_go
    from subscriptions.service import listed as listed
    from subscriptions.service import meet as meet
    from subscriptions.service import once as once
    from subscriptions.service import outbox_entries as outbox_entries
    from subscriptions.service import own_workspace as own_workspace
    from subscriptions.service import owners as owners
    from subscriptions.service import parse_address as parse_address
    from subscriptions.service import plan_due as plan_due
    from subscriptions.service import preview as preview
    from subscriptions.service import progress as progress
    from subscriptions.service import recall as recall
    from subscriptions.service import recent_sends as recent_sends
    from subscriptions.service import remember as remember
    from subscriptions.service import reply_is_over as reply_is_over
    from subscriptions.service import restore as restore
    from subscriptions.service import retry_delivery as retry_delivery
    from subscriptions.service import set_setting as set_setting
    from subscriptions.service import settle as settle
    from subscriptions.service import settle_edit as settle_edit
    from subscriptions.service import skip_unclear as skip_unclear
    from subscriptions.service import stop_platform as stop_platform
    from subscriptions.service import stopped_platforms as stopped_platforms
    from subscriptions.service import subscribe as subscribe
    from subscriptions.service import take_over as take_over
    from subscriptions.service import unfinished_replies as unfinished_replies
    from subscriptions.service import unsubscribe as unsubscribe
    from subscriptions.store import HEAD as HEAD
    from subscriptions.store import Claim as Claim
    from subscriptions.store import Edit as Edit
    from subscriptions.store import Ingested as Ingested
    from subscriptions.store import OutboxEntry as OutboxEntry
    from subscriptions.store import Store as Store
else:

    def __getattr__(name: str) -> object:
        """Use cases and store, imported when first used: SQLModel takes longer than many a subcommand that needs none."""
        for module in ("subscriptions.service", "subscriptions.store"):
            found = getattr(import_module(module), name, None)
            if found is not None:
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
