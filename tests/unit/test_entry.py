"""Whether a chat is served after it subscribes, by the operators' decisions, its state and the access mode."""

import pytest

from bot.commands.admission import decide_entry
from bot.commands.context import Access
from subscriptions.chat_settings import resolve
from subscriptions.model import Chat, ChatKind
from subscriptions.service.access import Standing
from subscriptions.states import Admission, ChatState
from tests import tables
from tests.make import address

GROUP = Chat(
    id=1,
    address=address("telegram:-1001"),
    kind=ChatKind.GROUP,
    settings=resolve(ChatKind.GROUP, "telegram", {}, timezone="UTC", lang="en"),
)
OLD = GROUP._replace(subscriptions_ever_made=1)
ASKED = OLD._replace(state=ChatState.ASKED)
CHATS = {
    "new": GROUP,
    "let in": GROUP._replace(admission=Admission.ADMITTED),
    "served": OLD,
    "waiting": ASKED,
    "denied": ASKED._replace(admission=Admission.DENIED),
}
TOPIC = address("telegram:-1001/7")


@pytest.mark.parametrize(
    ("access", "before", "others", "happens", "decision"),
    tables.rows("""
        open   → new     →             → subscribes             → serve
        ask    → new     →             → subscribes             → wait
        closed → new     →             → subscribes             → private
        ask    → served  →             → subscribes             → serve
        ask    → let in  →             → subscribes             → serve
        ask    → waiting →             → subscribes             → wait
        ask    → new     → served      → subscribes             → serve
        closed → served  →             → changes                → serve
        closed → waiting →             → changes                → wait
        closed → served  →             → subscribes             → private
        closed → let in  →             → subscribes             → serve
        open   → denied  →             → subscribes             → denied
        open   → denied  →             → changes                → denied
        open   → new     → denied      → subscribes             → denied
        open   → new     → once denied → subscribes             → denied
        ask    → new     →             → an operator subscribes → serve
        ask    → waiting →             → an operator subscribes → let in
        closed → denied  →             → an operator subscribes → let in
        open   → new     → once denied → an operator subscribes → let in
    """),
)
def test_a_chat_that_subscribes_is_served_or_not(
    access: Access, before: str, others: str, happens: str, decision: str
) -> None:
    chat = CHATS[before]
    topics = [CHATS[others]._replace(id=2, address=TOPIC)] if others in CHATS else []
    has_new = happens != "changes"
    now = chat._replace(subscriptions_ever_made=chat.subscriptions_ever_made + has_new)
    standing = Standing((now, *topics), remembers_denial=others == "once denied")
    by_operator = happens == "an operator subscribes"
    assert decide_entry(standing, chat, has_new=has_new, by_operator=by_operator, entry=access) == decision
