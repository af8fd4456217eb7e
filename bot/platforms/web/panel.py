"""The subscriptions of a chat beside it: a row for each, with what it found in the last days and buttons that change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.commands.phrasing.localizer import Localizer
from bot.commands.phrasing.subscription_words import subscription_rows
from bot.ports.web_page import PageFrame
from bot.rendering.language import Language
from bot.rendering.plots import few_bars
from bot.rendering.query_text import query_in_words
from bot.rendering.templating import draw_part
from subscriptions.errors import Sentence
from subscriptions.model import Chat
from subscriptions.query.parse import parse_query
from subscriptions.service.next_deliveries import Listed, listed
from subscriptions.service.paper_search import DAYS_KNOWN, found_by_day
from subscriptions.states import SubscriptionState
from subscriptions.store.database.store import Store

_WORDS = {
    "subscriptions": Sentence("Your subscriptions"),
    "none": Sentence("None yet. Search for something and press [subscribe]."),
    "new": Sentence("new subscription"),
    "settings": Sentence("settings"),
}
_HELD = (("edit", Sentence("edit")), ("resume", Sentence("resume")), ("unsub", Sentence("remove")))
_ACTIVE = (("edit", Sentence("edit")), ("pause", Sentence("pause")), ("unsub", Sentence("remove")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRow:
    """One subscription as the panel shows it."""

    query: str
    remark: str  # when it comes next, or why it does not
    is_held: bool
    bars: str  # SVG: its papers of the last days, day by day
    buttons: Sequence[tuple[str, str]]  # (what a press says in the chat, label)


def draw_panel(store: Store, chat: Chat, frame: PageFrame, *, now: datetime, once: str) -> str:
    """Returns the panel as HTML. `once`: the id of the next press."""
    there = listed(store, chat.address) if chat.id else ()
    found = found_by_day(store, chat, [one.subscription for one in there], now=now)
    rows = _rows(there, found, Language(frame.language, chat.settings.timezone), now)
    return draw_part("panel.html", frame, words=_WORDS, rows=rows, once=once)


def _rows(
    there: Sequence[Listed], found: Mapping[str, Sequence[int]], language: Language, now: datetime
) -> list[PanelRow]:
    def own(one: Listed) -> Localizer:
        return language.speaking(language.code, one.zone)

    shown = []
    reading = subscription_rows(there, lambda text: query_in_words(parse_query(text), language.translate), own, now)
    for one, row in zip(there, reading, strict=True):
        subscription = one.subscription
        days, is_held = found[subscription.canonical], subscription.state is SubscriptionState.PAUSED
        papers = language.count("{count} paper", "{count} papers", sum(days))
        counted = language.say("{papers} in the last {days} days", papers=papers, days=DAYS_KNOWN)
        comes = language.say("next {moment}", moment=row.next_due) if row.next_due else language.say("as papers come")
        shown.append(
            PanelRow(
                query=f"{row.number}  {row.reading}",
                remark=row.state or f"{comes} · {counted}",
                is_held=is_held,
                bars=few_bars(counted, days),
                buttons=[
                    (f"/{verb} {row.number}", label.say(language.translate))
                    for verb, label in (_HELD if is_held else _ACTIVE)
                ],
            )
        )
    return shown
