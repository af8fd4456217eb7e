"""Judges a trial by the journal of the fake platform: what was lost, what came twice, and what came too fast."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fakes.journal import Entry

LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")
_WORD = re.compile(r"q\d{5}x")  # the word of one command
# how much a chat may be sent: messages at once, including answers, and messages to a group in a minute
_BURST, _GROUP_MINUTE = 6, 20
_MINUTE = 59.5  # seconds: messages arrive a little later or earlier than their slots


def word_of(number: int) -> str:
    """Returns the word of a command. It occurs in the answer and nowhere else."""
    return f"q{number:05d}x"


def words_in(text: str) -> set[str]:
    """Returns the words of commands that a text contains."""
    return set(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class Incident:
    """A worker that was killed or stopped, and what it was sending at that moment."""

    messages: frozenset[tuple[str, str]]  # (chat, text of the message)
    words: frozenset[str]  # words of the commands that it was answering


@dataclass(slots=True)
class Verdict:
    """The findings. Each kind of error is a list of its cases."""

    lost: list[str] = field(default_factory=list)  # papers that a chat did not get
    doubled: int = 0  # messages that came again because a worker was killed or stopped while sending them
    wrongly_doubled: list[str] = field(default_factory=list)  # messages that came again without this reason
    answered_again: int = 0  # like `doubled`, but for answers
    wrongly_answered_again: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    at_once: list[str] = field(default_factory=list)  # posts that were open while another post of their chat was open
    too_fast: list[str] = field(default_factory=list)
    # chats in which the first papers came in a different order than in most chats
    out_of_order: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds until the answer of each command

    @property
    def wrong(self) -> dict[str, list[str]]:
        """Returns label → cases for each kind of error that makes a trial fail."""
        return {
            "papers lost": self.lost,
            "sent twice, by no worker that was killed or stopped with it in hand": self.wrongly_doubled,
            "commands without an answer": self.unanswered,
            "answered twice, by no worker that was killed or stopped meanwhile": self.wrongly_answered_again,
            "posts on their way at the same time as another one of their chat": self.at_once,
            "chats in which more was sent than the limits allow": self.too_fast,
            "chats out of order": self.out_of_order,
        }


def judged(
    posts: list[Entry],
    incidents: list[Incident],
    *,
    wanted: dict[str, list[str]],
    first: Iterable[str],
    said: dict[str, tuple[str, float]],
    rate: float,
) -> Verdict:
    """Judges a trial and returns the findings.

    `wanted`: chat → the papers that it must get. `first`: the papers from the beginning, which must come in the same order
    in every chat. `said`: the word of each command → (chat, time). `rate`: messages per second that a chat
    may be sent.
    """
    found = Verdict()
    of_chat = posts_by_chat(posts)
    judge_papers(found, of_chat, wanted, frozenset(first))
    _judge_messages(found, posts, incidents)
    _judge_answers(found, of_chat, incidents, said)
    found.at_once = [f"{entry.chat} at {entry.at:.2f}: {entry.text[:40]!r}" for entry in posts if entry.concurrent > 1]
    found.too_fast = [said for chat, entries in of_chat.items() for said in _too_fast(chat, entries, rate)]
    return found


def posts_by_chat(posts: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Returns chat → its posts. A chat without posts has an empty list."""
    of_chat: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in posts:
        of_chat[entry.chat].append(entry)
    return of_chat


def judge_papers(
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
    usual = orders.most_common(1)[0][0]
    found.out_of_order = [chat for chat, order in order_of.items() if set(order) == first and order != usual]


def _judge_messages(found: Verdict, posts: list[Entry], incidents: list[Incident]) -> None:
    sent = Counter((entry.chat, str(entry.payload["text"])) for entry in posts if not words_in(entry.text))
    in_hand = Counter(message for one in incidents for message in one.messages)
    for message, times in sent.items():
        found.doubled += min(times - 1, in_hand[message])
        if times > 1 + in_hand[message]:
            when = ", ".join(f"{e.at:.2f}" for e in posts if (e.chat, e.payload["text"]) == message)
            found.wrongly_doubled.append(f"{message[0]} at {when}, {in_hand[message]} in hand")


def _judge_answers(
    found: Verdict,
    of_chat: dict[str, list[Entry]],
    incidents: list[Incident],
    said: dict[str, tuple[str, float]],
) -> None:
    in_hand = Counter(word for one in incidents for word in one.words)
    for word, (chat, moment) in said.items():
        answers = [entry.at for entry in of_chat[chat] if word in entry.text]
        if not answers:
            found.unanswered.append(f"{word} in {chat} at {moment:.2f}")
            continue
        found.waits.append(answers[0] - moment)
        found.answered_again += min(len(answers) - 1, in_hand[word])
        if len(answers) > 1 + in_hand[word]:
            when = ", ".join(f"{at:.2f}" for at in answers)
            found.wrongly_answered_again.append(f"{word} in {chat} at {moment:.2f}: {when}, {in_hand[word]} in hand")


def _too_fast(chat: str, entries: list[Entry], rate: float) -> Iterator[str]:
    """Yields the cases in which a chat got at least one message more than the limits allow. Answers and papers both count."""
    level, last, minute = 0.0, 0.0, deque[float]()
    for entry in sorted(entries, key=lambda one: one.at):
        level = max(0.0, level - (entry.at - last) * rate) + 1
        last = entry.at
        if level >= _BURST + 1:
            yield f"{chat} at {entry.at:.2f}: {level - _BURST:.1f} too many"
        minute.append(entry.at)
        while minute[0] < entry.at - _MINUTE:
            minute.popleft()
        if chat.startswith("-") and len(minute) > _GROUP_MINUTE:
            yield f"{chat} at {entry.at:.2f}: {len(minute)} in a minute"
