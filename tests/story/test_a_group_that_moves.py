"""A group becomes a supergroup while a bulletin of several messages is being sent to it."""

from datetime import timedelta

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

OLD, NEW = "-5", "-1005"
MARA = {"by": "7", "name": "Mara"}
PAPERS = 40  # they fill three messages


def test_a_group_becomes_a_supergroup_in_the_middle_of_a_bulletin(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(OLD, "group", title="Reading group", people={"7": "creator"})
    product.says(f"/sub@{NAME} graph daily 14:00", OLD, **MARA)
    product.says(f"/set@{NAME} limit all", OLD, **MARA)
    product.brings(*(paper(f"A graph of kind {number}") for number in range(PAPERS)))

    # Telegram is processing the second message when the group moves.
    telegram.answers("hang before", after=1, chat=OLD)
    product.clock.advance(timedelta(hours=2))
    seen = len(telegram.journal)
    process = product.starts("deliver", "--now", product.clock.now().isoformat())
    telegram.waits_hanging()
    telegram.migrates(OLD, NEW)
    telegram.releases()
    assert process.ends() == 0
    messages = [Seen((entry,)) for entry in list(telegram.journal)[seen:]]

    # The same process sends the rest to the new address: every paper once, in order.
    assert [message.chats for message in messages] == [[OLD], [NEW], [NEW]]
    assert [message.lines[0].rpartition(" · ")[2] for message in messages] == ["1/3", "2/3", "3/3"]
    numbers = [label for message in messages for label in message.buttons]
    assert numbers == [str(number) for number in range(1, PAPERS + 1)]
    titles = [line.split(" ", 1)[1] for message in messages for line in message.lines if " A graph of kind " in line]
    assert len(set(titles)) == len(titles) == PAPERS

    # Both groups report the move afterwards. The bot knows it already, so it stays silent.
    assert not product.listens()
    assert product.queries(NEW) == ["graph"]

    # Buttons from before and after the move open their papers in the new group.
    assert product.presses("1", OLD, by="7").chats == [NEW]
    assert product.presses("40", NEW, by="7").chats == [NEW]

    # The new group goes on with the same settings and papers.
    assert product.says(f"/set@{NAME} limit", NEW, **MARA).lines[0].startswith("Papers shown: all papers")
    product.brings(paper("A graph of kind 7"), paper("A late graph"))
    (next_day,) = product.later(days=1)
    assert next_day.chats == [NEW]
    assert "A late graph" in next_day.text
