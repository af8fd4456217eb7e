"""Sentences that have the verbs of orders: which are orders, and which only speak of an action."""

import pytest

from bot.sentences.words import intents

ORDERS = (
    "remove 2", "please remove diffusion", "can you unsubscribe me from diffusion?", "could you pause everything for a week",
    "I want to unsubscribe from diffusion", "unsubscribe all", "stop", "stop sending me papers on weekends", "别发了",
    "取消订阅 2", "能不能暂停三天", "undo", "撤销", "make it weekly", "改成每周一", "no more surveys", "在标题里找就行了",
    "not interested in medical imaging", "不要再推送综述", "use English", "用英文",
    "how about 8am instead", "follow robotics", "is there anything new on robotics? tell me every friday",
    "I wake up late, so send it every day at 11", "daily is a lot, once a week is enough", "move the tuba one to 9", "周五晚上发",
    "帮我把第二个删了", "I'd like to subscribe to robotics", "每天太多了，每周一次就好", "I no longer need 2", "the tuba one can go", "weekends too", "could we have 2 on fridays?",
    "pause if possible", "I was wondering if you could pause 2", "keep it on hold till monday", "等我回来再发",
    "remove 2, no wait, remove 3", "show all papers, not only the first ones", "send 2 once a day, 9am",
    "ok I'm at my desk again, let the papers come", "2 is far too wide, only those that mention zeta too",
    "don't forget to pause 2", "why don't you pause 2", "i wanna remove 2", "feel free to pause 2", "太多了，改成每周吧", "记得暂停 2",
    "把2的名字就叫海草", "can you turn that notification sound off, it rang in class",
)  # fmt: skip
NO_ORDERS = (
    "don't remove 2", "please do not unsubscribe me from diffusion", "I never want to unsubscribe from diffusion",
    "不要取消订阅 diffusion", "我没说要取消订阅 2", "remove none of them", "pause nothing", "never pause my subscriptions",
    "please don't pause anything while I'm away", "don't undo that", "不要撤销", "don't subscribe me to robotics",
    "don't make diffusion daily", "别把1改成每周", "don't set the limit to 5", "不用每天最多5篇", "stop talking Chinese",
    "不要用英文", "how can I unsubscribe from diffusion?", "should I unsubscribe from diffusion?", "what if I remove 2",
    "did you pause diffusion?", "was diffusion removed?", "is my limit 5?", "I already removed diffusion",
    "tomorrow I will pause diffusion", "if there are too many I will unsubscribe from diffusion", "谁取消了订阅 2",
    "remove 2. Actually don't.", "remove 2? no!", "sorry, I removed 2 by accident", "> unsubscribe from 2",
    "To stop receiving these mails, unsubscribe from all of the lists here.", "nobody should remove 2",
    "will you be there on monday?", "my seminar is at 9am", "I get up at 7", "daily is too much", "dinner is at eight", "I come at 9", "the papers are due at 9am",
    "we play chess on thursday at 8", "我每天八点上班", "周五开会", "每天都很忙", "2 was a mistake", "I no longer work on robotics",
    "should we subscribe to robotics?", "要不要订阅cs.CV呢？", "if I were a chemist I'd subscribe to zeolites", "maybe next week",
    "我室友把他的订阅都删光了", "同事也把机器人退订了", "我朋友已经取消订阅了", "next week please", "until monday", "robotics is not my field any more", "我不做机器人了",
    "it's not that I want to remove 2", "add robotics? not sure yet", "follow robotics, no, wait", "pause 2 when I'm away", "in case it rains pause 2", "once I have a job, remove 2", "万一太多就暂停 2", "除非我说，停掉 2", "等我毕业了再取消订阅 2", "pause 2? no thanks",
    "I'm on holiday until January 5", "I'm away for a week", "出差两周", "it would be nice to pause 2",
    "switch to Chinese?", "she typed: remove 2", "I thought you would use English", "remind me to pause 2", "neither pause 2 nor remove 1",
    "back then I had titles only", "it was my brother who removed 2", "does it make sense to pause 2?", "my mother speaks Chinese",
    "nothing would make me remove 2", "I have yet to pause 2", "could it be that I paused 2?", "I regret that I unsubscribed from diffusion",
    "海带以前是每周的", "他们都暂停了", "我可没让你删 2", "暂停 2 有什么后果", "有人取消订阅 2 了吗", "我爸爸只看标题",
    "pause 2, just kidding", "停掉 2，开玩笑的", "pause 2, not robotics", "use English, or rather not", "pause one", "删几个",
)  # fmt: skip
CHANGES = ("unsub", "pause", "resume", "stop", "undo", "sub", "schedule", "set-", "lang-", "forget")


@pytest.mark.parametrize("text", NO_ORDERS)
def test_who_only_speaks_of_an_action_is_asked(text: str) -> None:
    said = intents.meaning(text)
    assert not (said.intent.startswith(CHANGES) and said.is_sure)


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_is_as_sure_as_it_was(text: str) -> None:
    assert intents.meaning(text).is_sure
