"""What a message means after another one: a decision about the text and what was shown, without a store."""

from collections.abc import Sequence

import pytest

from bot.commands.frame import Choice, Shown
from bot.sentences.follow_ups import follow_up
from bot.sentences.steps import Do, Papers, Which, WhichPaper
from bot.sentences.words import intents
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import read_when, split_when
from tests.clock import NOON

PAPERS = {number: 100 + number for number in range(1, 6)}
OFFER = (Choice("subscribe", "subscribe-to", {"text": "diffusion"}),)


def subscription(number: int, text: str, cadence: str) -> Subscription:
    return Subscription(
        id=number,
        chat_id=1,
        number=number,
        text=text,
        canonical=text,
        cadence=parse_cadence(cadence),
        zone=None,
        since=NOON,
        cursor=0,
        next_due_at=None,
    )


TREES, DIFFUSION = subscription(1, "trees", "daily 09:00"), subscription(2, "diffusion", "weekly mon 09:00")
ASKED = tuple(
    Choice(f"weekly {one.number} {one.text}", "do", {"command": "schedule", "args": f"{one.number} weekly"})
    for one in (TREES, DIFFUSION)
)
SEARCHED = Shown(query="diffusion", papers=PAPERS, choices=OFFER, last="query", at=NOON)
SEARCH = (SEARCHED, ())
BESIDE = (SEARCHED, (TREES,))  # a search in a chat with a subscription
SUB = (Shown(number=1, last="number", at=NOON), (subscription(1, "diffusion", "daily 09:00"),))
SECOND = (Shown(number=2, last="number", at=NOON), (TREES, DIFFUSION))
QUESTION = (Shown(choices=ASKED, asks=True, at=NOON), (TREES, DIFFUSION))
LATER = (Shown(number=2, last="number", at=NOON, interrupted=True), (TREES, DIFFUSION))
LIMITED = (Shown(setting="limit", last="setting", at=NOON), (TREES,))
RESCHEDULED = (Shown(number=2, did="schedule 8am", last="number", at=NOON), (TREES, DIFFUSION))
NOTHING: tuple[Shown, Sequence[Subscription]] = (Shown(), ())

AMENDED = [
    (SEARCH, "and also every friday at noon", "sub diffusion weekly fri 12:00"),
    (SEARCH, "every morning at 8 please", "sub diffusion daily 08:00"),
    (SEARCH, "send it to me on weekdays at 7:30", "sub diffusion weekdays 07:30"),
    (SEARCH, "subscribe me to that every weekday", "sub diffusion weekdays 09:00"),
    (SEARCH, "make it weekly", "sub diffusion weekly mon 09:00"),
    (SEARCH, "but no surveys please", "search diffusion -survey"),
    (SEARCH, "不要综述", "search diffusion -综述"),
    (SEARCH, "only in titles", "search ti:diffusion"),
    (SEARCH, "只要标题里有的", "search ti:diffusion"),
    (SEARCH, "and GANs too", "search diffusion OR GANs"),
    (SEARCH, "也要强化学习的", "search diffusion OR 强化学习"),
    (SEARCH, "plus robotics", "search diffusion OR robotics"),
    (SEARCH, "加上机器人", "search diffusion OR 机器人"),
    (SEARCH, "for molecules", "search diffusion molecules"),
    (SEARCH, "show me that again", "search diffusion"),
    (SEARCH, "再发一遍", "search diffusion"),
    (SUB, "also for robotics", "edit 1 diffusion OR robotics"),
    (SUB, "for molecules", "which"),
    (SUB, "make it robot learning", "which"),
    (LIMITED, "make that 5", "set limit 5"),
    (LIMITED, "no, 12", "set limit 12"),
    (SECOND, "at 4pm", "schedule 2 weekly mon 16:00"),
    (RESCHEDULED, "and the other one as well", "schedule 1 daily 08:00"),
    (RESCHEDULED, "第一个也是", "schedule 1 daily 08:00"),
    (RESCHEDULED, "trees too", "schedule 1 daily 08:00"),
    (BESIDE, "every friday at noon", "sub diffusion weekly fri 12:00"),
    (BESIDE, "make it weekly", "which"),
    (SUB, "make it weekly", "schedule 1 weekly mon 09:00"),
    (SUB, "at 8 please", "schedule 1 daily 08:00"),
    (SUB, "改成每周五", "schedule 1 weekly fri 09:00"),
    (SUB, "only in titles", "edit 1 ti:diffusion"),
    (SUB, "再加上GAN", "edit 1 diffusion OR GAN"),
    (SUB, "call it biology", "name 1 biology"),
    (SUB, "pause it for a week", "pause 1 for a week"),
    (SUB, "remove it again", "unsub 1"),
    (SECOND, "make it daily", "schedule 2 daily 09:00"),
    (SECOND, "and on thursdays too", "schedule 2 mon,thu 09:00"),
]
REPLACED = [
    (SEARCH, "no, protein folding", "search protein folding"),
    (SEARCH, "sorry, I meant graph transformers", "search graph transformers"),
    (SEARCH, "actually, make that robot learning", "search robot learning"),
    (SEARCH, "oops, flow matching", "search flow matching"),
    (SEARCH, "不对，是视频生成", "search 视频生成"),
    (SEARCH, "不是这个，是图神经网络", "search 图神经网络"),
    (SEARCH, "我说的是蛋白质折叠", "search 蛋白质折叠"),
    (SEARCH, "不对不对，我是说语音跟踪", "search 语音跟踪"),
    (SEARCH, "no no, graph transformers", "search graph transformers"),
    (SEARCH, "换成图神经网络", "search 图神经网络"),
    (BESIDE, "不对，是视频生成", "search 视频生成"),
    (SUB, "no, protein folding", "edit 1 protein folding"),
    (SUB, "I meant graph transformers", "edit 1 graph transformers"),
    (SUB, "instead of diffusion, flow matching", "edit 1 flow matching"),
    (SUB, "不对，是视频生成", "edit 1 视频生成"),
    (SUB, "我说的是强化学习", "edit 1 强化学习"),
    (SUB, "no, at 7", "schedule 1 daily 07:00"),
    (SUB, "not daily, weekly", "schedule 1 weekly mon 09:00"),
]
CHOSEN = [
    (SEARCH, "the second one", "papers 2"),
    (SEARCH, "第二个", "papers 2"),
    (SEARCH, "number 3", "papers 3"),
    (SEARCH, "save the last one", "papers 5"),
    (SEARCH, "save 1 and 3", "papers 1 3"),
    (SEARCH, "收藏第三篇", "papers 3"),
    (SEARCH, "第三篇不感兴趣", "papers 3"),
    (SEARCH, "save it", "which paper"),
    (QUESTION, "the second one", "press weekly 2 diffusion"),
    (QUESTION, "第一个", "press weekly 1 trees"),
    (QUESTION, "2", "press weekly 2 diffusion"),
    (QUESTION, "weekly 2 diffusion", "press weekly 2 diffusion"),
]
ACCEPTED = [
    (SEARCH, "ok then tell me when there is something new", "press subscribe"),
    (SEARCH, "以后有了告诉我", "press subscribe"),
    (SEARCH, "yes please", "press subscribe"),
    (SEARCH, "就订这个", "press subscribe"),
    *(
        (SEARCH, text, "press subscribe")
        for text in ("yes, follow that", "keep an eye on them", "关注他", "可以，订阅吧")
    ),
]
BY_ITSELF = [
    *(
        (SEARCH, text, "")
        for text in ("let me know how it works", "don't follow that", "and find me papers about trees")
    ),
    *(
        (SUB, text, "")
        for text in ("no, nothing", "no, again", "sorry, my bad", "make it shorter", "应该是吧", "等等，你是谁")
    ),
    *((LATER, text, "") for text in ("make it daily", "no, protein folding", "only in titles")),
    *((SECOND, text, "") for text in ("change 1 to weekly", "please don't send me papers on weekends")),
    *((SEARCH, text, "") for text in ("graph neural networks", "find me papers on gaussian splatting", "no", "thanks")),
    *((SEARCH, text, "") for text in ("second order optimization", "number theory", "weekly supervision", "number 9")),
    (SEARCH, "what is new today", ""),
    *(
        (SUB, text, "")
        for text in ("papers about video generation every monday", "I want papers on no-regret learning")
    ),
    *(
        (SUB, text, "")
        for text in ("find papers on flow matching without reviews", "good morning", "我想看视频生成的论文")
    ),
    *((SECOND, text, "") for text in ("pause trees", "trees at 8", "all my papers at 8 please")),
    *((NOTHING, text, "") for text in ("the second one", "第二个", "no, protein folding", "yes", "without reviews")),
]


def said_of(step: object) -> str:
    """Returns a step in words; a time as the cadence that it means."""
    said = {type(None): "", WhichPaper: "which paper", Which: "which"}.get(type(step), "")
    match step:
        case Do(command, args):
            at = args.partition(" ") if command == "schedule" else (split_when(args).query, " ", split_when(args).when)
            is_timed = command in ("schedule", "sub")
            said = f"{command} {at[0]} {read_when(at[2] or '')}" if is_timed else f"{command} {args}"
        case Choice(label):
            said = f"press {label}"
        case Papers(ids):
            said = " ".join(("papers", *(str(one - 100) for one in ids)))
    return said


@pytest.mark.parametrize(("after", "text", "step"), [*AMENDED, *REPLACED, *CHOSEN, *ACCEPTED, *BY_ITSELF])
def test_a_text_means_this_after_that(after: tuple[Shown, Sequence[Subscription]], text: str, step: str) -> None:
    assert said_of(follow_up(intents.meaning(text), *after)) == step
