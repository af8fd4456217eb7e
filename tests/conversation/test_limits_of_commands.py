"""One member's commands do not block others. Refused commands do not count.

The counts are those of one process, so each burst of messages is answered in one round.
"""

import re

from tests.fakes.journal import Entry
from tests.prepared import prepared
from tests.product import Product

GROUP = "-1001"
TOLD = re.compile(r"That was a lot at once\. I listen again in (?P<seconds>\d+) seconds?\.")


@prepared
def group(product: Product) -> None:
    """The program in a group with a subscription."""
    product.telegram.knows(GROUP, people={"7": "creator", "5": "member", "61": "member"})
    product.says("/sub kelp", GROUP, by="7")


def asks(product: Product, chat: str, *people: str, times: int) -> None:
    """Each of these people sends a command so many times, before the program looks."""
    for person in people:
        for _ in range(times):
            product.telegram.user_writes("/list", chat, by=person)


def answered(entries: tuple[Entry, ...]) -> int:
    return sum(not TOLD.fullmatch(entry.text) for entry in entries)


def notices(entries: tuple[Entry, ...]) -> list[int]:
    """Returns the seconds to wait of each notice about the limit."""
    found = [TOLD.fullmatch(entry.text) for entry in entries]
    return [int(one["seconds"]) for one in found if one]


def test_one_member_does_not_lock_out_others(group: Product) -> None:
    group.telegram.knows("61")
    asks(group, GROUP, "61", times=25)
    asks(group, GROUP, "5", times=1)
    asks(group, "61", "61", times=1)
    group.telegram.user_writes("/sub diffusion", GROUP, by="7")
    everywhere = group.listens().entries
    said = tuple(entry for entry in everywhere if entry.chat == GROUP)
    assert answered(said) == 10 + 1 + 1
    assert len(everywhere) == len(said) + 1, "one chat does not count for another"
    assert len(notices(said)) == 1, "the notice comes only once"
    assert group.queries(GROUP) == ["kelp", "diffusion"]


def test_alone_with_the_bot_twenty_a_minute_are_answered_and_one_notice_says_when_it_listens_again(
    product: Product,
) -> None:
    for number in range(30):
        product.telegram.user_writes(f"/sub word{number}")
    said = product.listens().entries
    assert answered(said) == 20
    (seconds,) = notices(said)
    assert 0 < seconds <= 60
    assert len(product.queries()) == 20
    product.later(minutes=1)
    assert product.says("/list").text.startswith("20 subscriptions")


def test_a_press_too_many_is_told_over_the_button(product: Product) -> None:
    product.says("/sub diffusion")
    product.says("/sub kelp")
    presses = [product.telegram.presses("undo") for _ in range(22)]
    product.listens()
    toasts = product.telegram.toasts()
    assert [toasts[press].startswith("That was a lot at once. I listen again in ") for press in presses[-2:]] == [
        True
    ] * 2
