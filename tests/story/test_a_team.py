"""A team in Slack: they get papers at nine in a thread, mute them, remove the bot from the channel and invite it again.

The program runs as a process, in Socket Mode.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.papers import paper
from tests.product import Process, Product, Seen

CHANNEL = "C1"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        for person in ("U1", "U2"):
            fake.knows_person(person, name=person.lower(), tz="Europe/Berlin")
        fake.knows(CHANNEL, name="vision", people=("U1", "U2"))
        fake.grants_all()
        yield fake


class Team:
    """The people of the team, and the program that runs for them."""

    def __init__(self, product: Product, slack: FakeSlack, process: Process) -> None:
        self.product, self.slack, self.process = product, slack, process

    def does(self, what: object, *, messages: int = 1) -> Seen:
        """Waits until the program has acknowledged what people did, and so many messages have come."""
        del what
        return self._comes(messages)

    def later(self, *, messages: int, **by: float) -> list[Seen]:
        """Moves the clock. Waits until so many messages have come."""
        self.process.later(**by)
        self.process.waits_until_planned()
        return [Seen((entry,)) for entry in self._comes(messages).entries]

    def brings(self, first: int, last: int) -> None:
        self.product.clock.set_now(self.process.now)
        self.product.brings(*(paper(f"A graph {n}") for n in range(first, last + 1)))

    def _comes(self, messages: int) -> Seen:
        seen = self._seen
        self.slack.waits_until_settled()
        self.slack.waits_for_journal(seen + messages)
        self._seen = len(self.slack.journal)
        return Seen(tuple(self.slack.journal)[seen:])

    _seen = 0


@pytest.fixture
def team(tmp_path: Path, slack: FakeSlack) -> Iterator[Team]:
    product = Product(tmp_path)
    product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_APP_TOKEN=APP_TOKEN, SLACK_API_URL=slack.url)
    slack.sets_time(product.clock.now().timestamp())
    with product.starts("run", moved=True) as process:
        slack.waits_connected(1)
        yield Team(product, slack, process)


def test_a_team_is_brought_papers_mutes_asks_why_and_has_them_again_after_an_invitation(
    team: Team, slack: FakeSlack
) -> None:
    # A person subscribes the channel, and the channel sees the result.
    said = team.does(slack.user_types("/paperwire sub graph daily 09:00"))
    assert "daily 09:00 Europe/Berlin" in said.text
    assert said.chats == [CHANNEL]

    # At nine in their time zone, and not earlier, five papers come as one line with a thread.
    team.brings(1, 5)
    team.later(hours=19, minutes=59, messages=0)  # it was 13:00 in Berlin
    line, thread = team.later(minutes=1, messages=2)
    assert line.text.startswith("5 papers for #vision")
    assert (line.entries[0].thread, thread.entries[0].thread) == ("", line.entries[0].id)

    # A colleague mutes the channel for a while, which everyone sees. Only the colleague sees the answer to [why].
    team.does(slack.clicks("less of this", by="U2"))
    assert "is paused until" in team.does(slack.clicks("pause 1 for a week", by="U2")).text
    why = team.does(slack.clicks("why", by="U2"))
    assert [entry.kind for entry in why.entries] == ["ephemeral"]
    assert "graph" in why.text

    assert team.does(slack.clicks("undo", by="U2")).lines[0] == "✓ Undone."

    # The bot is removed from the channel. New papers wait.
    team.does(slack.leaves(CHANNEL), messages=0)
    team.brings(6, 9)
    team.later(days=1, messages=0)

    # The bot is invited again, and the papers that waited come, each once.
    slack.knows(CHANNEL, name="vision", people=("U1", "U2"))
    offer = team.does(slack.invites(CHANNEL))
    assert "4 papers wait" in offer.text
    team.does(slack.clicks("send now"))
    line, thread = team.later(minutes=1, messages=2)
    assert line.text.startswith("4 papers for #vision")
    assert all(f"A graph {n}" in thread.text for n in range(6, 10)), thread.text
    assert "A graph 5" not in thread.text
    team.later(days=1, messages=0)
