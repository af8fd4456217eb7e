"""Judges a trial by the journal of the fake platform: what was lost, what came twice, and what was posted at the same time.

A message may come again only if it arrived just before a process was killed, stopped or cut off: then nobody could
confirm it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.fakes.journal import Entry

TOLD = "I was started again before I could answer"
LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")
# seconds before and after an incident in which a message arrives that may come again: a post takes POST_TAKES and a
# confirmation is stored within half a second
_JUST_BEFORE, _JUST_AFTER = 1.5, 0.5


def word_of(number: int) -> str:
    """Returns the word of a command. It occurs in the answer and nowhere else."""
    return f"q{number:05d}x"


@dataclass(slots=True)
class Verdict:
    """The findings. Each kind of error is a list of its cases."""

    lost: list[str] = field(default_factory=list)  # papers that a chat did not get
    doubled: int = 0  # messages that came again, since an incident came between their post and their confirmation
    wrongly_doubled: list[str] = field(default_factory=list)  # messages that came again without this reason
    unanswered: list[str] = field(default_factory=list)
    told: int = 0  # commands whose answer was lost with a process: a line said so instead
    at_once: list[str] = field(default_factory=list)  # posts that were open while another post of their chat was open
    out_of_order: list[str] = field(default_factory=list)  # chats in which the first papers came in an unusual order
    not_once: list[str] = field(default_factory=list)  # subscriptions that people asked for and have not exactly once
    waits: list[float] = field(default_factory=list)  # seconds until the answer of each command

    @property
    def wrong(self) -> dict[str, list[str]]:
        """Returns label → cases for each kind of error that makes a trial fail."""
        return {
            "papers lost": self.lost,
            "sent twice, by no process that was killed or stopped meanwhile": self.wrongly_doubled,
            "commands without an answer": self.unanswered,
            "changes that were not done exactly once": self.not_once,
            "posts on their way at the same time as another one of their chat": self.at_once,
            "chats out of order": self.out_of_order,
        }


def judged(
    posts: list[Entry],
    incidents: list[float],
    *,
    wanted: dict[str, list[str]],
    first: Iterable[str],
    said: dict[str, tuple[str, float]],
) -> Verdict:
    """Judges a trial and returns the findings.

    `incidents`: the times at which a process was killed, stopped or cut off. `wanted`: chat → the papers that it must
    get. `first`: the papers from the beginning, which must come in the same order in every chat. `said`: the word of
    each command → (chat, time).
    """
    found = Verdict()
    of_chat: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in posts:
        of_chat[entry.chat].append(entry)
    _judge_papers(found, of_chat, wanted, frozenset(first))
    _judge_messages(found, posts, incidents)
    for word, (chat, moment) in said.items():
        answers = [entry.at for entry in of_chat[chat] if word in entry.text]
        told = [entry.at for entry in of_chat[chat] if TOLD in entry.text and entry.at > moment]
        if answers:
            found.waits.append(answers[0] - moment)
        elif told:
            found.told += 1
            found.waits.append(told[0] - moment)
        else:
            found.unanswered.append(f"{word} in {chat} at {moment:.2f}")
    of_commands = Counter(chat for chat, _ in said.values())
    for chat, entries in of_chat.items():
        told = [entry.at for entry in entries if TOLD in entry.text]
        again = sum(_may_come_again(at, incidents) for at in told[:-1])
        if len(told) > of_commands[chat] + again:
            found.wrongly_doubled.append(f"{chat}: told {len(told)} times of {of_commands[chat]} commands")
        found.doubled += max(0, len(told) - of_commands[chat])
    found.at_once = [f"{entry.chat} at {entry.at:.2f}: {entry.text[:40]!r}" for entry in posts if entry.concurrent > 1]
    return found


def _may_come_again(arrived: float, incidents: list[float]) -> bool:
    """Whether an incident came while nobody could have confirmed a message."""
    return any(-_JUST_AFTER <= incident - arrived <= _JUST_BEFORE for incident in incidents)


def _judge_papers(
    found: Verdict, of_chat: dict[str, list[Entry]], wanted: dict[str, list[str]], first: frozenset[str]
) -> None:
    """Adds the papers that a chat did not get, and the chats in which the papers of `first` came in an unusual order."""
    orders: Counter[tuple[str, ...]] = Counter()
    order_of: dict[str, tuple[str, ...]] = {}
    for chat, papers in wanted.items():
        got = dict.fromkeys(one for entry in of_chat[chat] for one in LINK.findall(str(entry.payload)))
        found.lost += [f"{chat}: {paper}" for paper in papers if paper not in got]
        order_of[chat] = tuple(paper for paper in got if paper in first)
        orders[order_of[chat]] += 1
    usual = orders.most_common(1)[0][0] if orders else ()
    found.out_of_order = [chat for chat, order in order_of.items() if set(order) == first and order != usual]


def _judge_messages(found: Verdict, posts: list[Entry], incidents: list[float]) -> None:
    """Adds messages and answers that came again, each as excused by an incident or not.

    The line about lost answers has the same words for different commands, so it is judged for each chat.
    """
    of_message: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for entry in posts:
        if TOLD in entry.text:
            continue
        of_message[entry.chat, str(entry.payload["text"])].append(entry.at)
    for (chat, text), times in of_message.items():
        for before in times[:-1]:
            if _may_come_again(before, incidents):
                found.doubled += 1
            else:
                when = ", ".join(f"{at:.2f}" for at in times)
                later = min((one - before for one in incidents if one > before), default=0.0)
                earlier = min((before - one for one in incidents if one <= before), default=0.0)
                found.wrongly_doubled.append(
                    f"{chat} at {when}, incidents {earlier:.2f} s before and {later:.2f} s after it: {text[:40]!r}"
                )
