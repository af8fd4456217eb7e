"""Whether a chat is served after it subscribes, by the operators' decisions, its state and the access mode."""

import pytest

from bot.commands.admission import decide_entry
from bot.commands.context import Access
from subscriptions import model, states
from subscriptions.chat_settings import resolve
from subscriptions.service.access import Standing
from tests.make import address

GROUP = model.Chat(
    id=1,
    address=address("telegram:-1001"),
    kind=model.ChatKind.GROUP,
    settings=resolve(model.ChatKind.GROUP, "telegram", {}, timezone="UTC", lang="en"),
)
OLD = GROUP._replace(subscriptions_ever_made=1)
ASKED = OLD._replace(state=states.ChatState.ASKED)
DENIED = ASKED._replace(admission=states.Admission.DENIED)


@pytest.mark.parametrize(
    ("access", "before", "others", "forgotten", "has_new", "by_operator", "decision"),
    [
        ("open", GROUP, (), False, True, False, "serve"),
        ("ask", GROUP, (), False, True, False, "wait"),
        ("closed", GROUP, (), False, True, False, "private"),
        ("ask", OLD, (), False, True, False, "serve"),
        ("ask", GROUP._replace(admission=states.Admission.ADMITTED), (), False, True, False, "serve"),
        ("ask", ASKED, (), False, True, False, "wait"),
        ("ask", GROUP, (OLD._replace(id=2, address=address("telegram:-1001/7")),), False, True, False, "serve"),
        ("closed", OLD, (), False, False, False, "serve"),
        ("closed", ASKED, (), False, False, False, "wait"),
        ("closed", OLD, (), False, True, False, "private"),
        ("closed", GROUP._replace(admission=states.Admission.ADMITTED), (), False, True, False, "serve"),
        ("open", DENIED, (), False, True, False, "denied"),
        ("open", DENIED, (), False, False, False, "denied"),
        ("open", GROUP, (DENIED._replace(id=2, address=address("telegram:-1001/7")),), False, True, False, "denied"),
        ("open", GROUP, (), True, True, False, "denied"),
        ("ask", GROUP, (), False, True, True, "serve"),
        ("ask", ASKED, (), False, True, True, "let in"),
        ("closed", DENIED, (), False, True, True, "let in"),
        ("open", GROUP, (), True, True, True, "let in"),
    ],
)
def test_a_chat_that_subscribes_is_served_or_not(
    *,
    access: Access,
    before: model.Chat,
    others: tuple[model.Chat, ...],
    forgotten: bool,
    has_new: bool,
    by_operator: bool,
    decision: str,
) -> None:
    now = before._replace(subscriptions_ever_made=before.subscriptions_ever_made + has_new)
    standing = Standing((now, *others), remembers_denial=forgotten)
    assert decide_entry(standing, before, has_new=has_new, by_operator=by_operator, access=access) == decision
