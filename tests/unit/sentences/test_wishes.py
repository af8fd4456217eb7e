"""Messages with several wishes, and messages that look like several but are one."""

import pytest

from bot.sentences.words import reader, wishes

SUBSCRIPTIONS = {"diffusion": "#1", "mamba": "#2"}


def numbered(text: str) -> str:
    for name, number in SUBSCRIPTIONS.items():
        at = reader.folded(text).find(name)
        text = f"{text[:at]} {number} {text[at + len(name) :]}".strip() if at >= 0 else text
    return text


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("follow coral bleaching and pause mamba", ("follow coral bleaching", "pause mamba")),
        ("subscribe to tidal energy, then show me my list", ("subscribe to tidal energy", "show me my list")),
        (
            "stop sending me robotics papers and subscribe to soft robotics",
            ("stop sending me robotics papers", "subscribe to soft robotics"),
        ),
        (
            "my timezone is madrid and i want cs.DB every morning",
            ("my timezone is madrid", "i want cs.DB every morning"),
        ),
        (
            "set the language to chinese; list my subscriptions",
            ("set the language to chinese", "list my subscriptions"),
        ),
        ("move diffusion to 7pm and show abstracts", ("move diffusion to 7pm", "show abstracts")),
        ("hello! please subscribe me to permafrost", ("please subscribe me to permafrost",)),
        ("unsubscribe from 2 and pause 1", ("unsubscribe from 2", "pause 1")),
        (
            "track seismic tomography weekly on monday and volcano forecasting daily at 9",
            ("track seismic tomography weekly on monday", "track volcano forecasting daily at 9"),
        ),
        (
            "pause everything for a week and export my subscriptions",
            ("pause everything for a week", "export my subscriptions"),
        ),
        ("订阅钙钛矿，然后暂停mamba", ("订阅钙钛矿", "暂停mamba")),
        ("把时区改成伦敦，另外每天最多发五篇", ("把时区改成伦敦", "每天最多发五篇")),
        ("谢谢，再帮我订阅一下量子引力", ("帮我订阅一下量子引力",)),
        ("关注cs.SE，每周二发，还有关注math.NT，每周四发", ("关注cs.SE，每周二发", "关注math.NT，每周四发")),
        ("删掉第2个，第1个改成每周一", ("删掉第2个", "第1个改成每周一")),
        (
            "subscribe to gut microbiome, at most 6 papers a day",
            ("subscribe to gut microbiome", "at most 6 papers a day"),
        ),
        ("follow kelp, pause mamba and show me my settings", ("follow kelp", "pause mamba", "show me my settings")),
        (
            "switch to titles only, set my timezone to oslo, and subscribe to fjord ecology",
            ("switch to titles only", "set my timezone to oslo", "subscribe to fjord ecology"),
        ),
        ("订阅潮汐能，暂停mamba，再看看我的列表", ("订阅潮汐能", "暂停mamba", "看看我的列表")),
        ("papers on command and control", ("papers on command and control",)),
        ("follow search and rescue robots", ("follow search and rescue robots",)),
        ("pause 1 and 2", ("pause 1 and 2",)),
        (
            "send me diffusion, mamba and kelp papers daily at 8",
            ("send me diffusion, mamba and kelp papers daily at 8",),
        ),
        ("subscribe to stop words, weekly", ("subscribe to stop words, weekly",)),
        (
            "follow graph learning, but no surveys, every friday",
            ("follow graph learning, but no surveys, every friday",),
        ),
        (
            "i study list decoding and i want papers on it every morning",
            ("i study list decoding and i want papers on it every morning",),
        ),
        ("undo and redo systems", ("undo and redo systems",)),
        ("mix and match adapters daily", ("mix and match adapters daily",)),
        ("only diffusion and show nothing else", ("only diffusion and show nothing else",)),
        ("start and stop codons", ("start and stop codons",)),
        ("subscribe to save and resume training", ("subscribe to save and resume training",)),
        ("关注推荐和搜索系统的论文", ("关注推荐和搜索系统的论文",)),
        ("我是做催化的，每天早上发给我新论文", ("我是做催化的，每天早上发给我新论文",)),
        ("不要综述，也不要教程", ("不要综述，也不要教程",)),
        ("i'd like up to 4 papers per day about sea ice", ("subscribe to sea ice", "at most 4 papers a day")),
        ("send me game theory papers, 10 a day max", ("subscribe to game theory", "at most 10 papers a day")),
        ("follow game theory but only 5 a day", ("subscribe to game theory", "at most 5 papers a day")),
        ("10 a day is enough", ("10 a day is enough",)),
        ("I don't want kelp any more, remove it", ("I don't want kelp any more, remove it",)),
        ("每天给我最多三篇蛋白质折叠的论文", ("订阅 蛋白质折叠 每天", "每天最多3篇")),
        (
            "please pause diffusion until monday and also follow rare earths",
            ("please pause diffusion until monday", "follow rare earths"),
        ),
        (
            "i live in nairobi; send me malaria papers every evening",
            ("i live in nairobi", "send me malaria papers every evening"),
        ),
        ("delete number 1, and what do i have left?", ("delete number 1", "what do i have left?")),
        ("talk english with me and follow dark photons", ("talk english with me", "follow dark photons")),
        (
            "send me astro-ph.GA on mondays and hep-ph on thursdays",
            ("send me astro-ph.GA on mondays", "send me hep-ph on thursdays"),
        ),
        (
            "good morning, start sending me topology optimisation papers please",
            ("start sending me topology optimisation papers please",),
        ),
        ("resume mamba and make it weekly", ("resume mamba", "make it weekly")),
        ("drop diffusion. follow consistency models instead", ("drop diffusion", "follow consistency models instead")),
        (
            "export my saved papers as bibtex and show today's papers",
            ("export my saved papers as bibtex", "show today's papers"),
        ),
        ("说中文，顺便订阅地震预警", ("说中文", "订阅地震预警")),
        ("恢复mamba，然后每天最多发三篇", ("恢复mamba", "每天最多发三篇")),
        ("只看标题，另外帮我关注暗物质", ("只看标题", "帮我关注暗物质")),
        (
            "follow lichens, set the limit to 8 and list my subscriptions",
            ("follow lichens", "set the limit to 8", "list my subscriptions"),
        ),
        ("取消diffusion，订阅流体力学，时区改成柏林", ("取消diffusion", "订阅流体力学", "时区改成柏林")),
        ("subscribe to predict and optimize", ("subscribe to predict and optimize",)),
        ("remove 1, 2 and 3", ("remove 1, 2 and 3",)),
        ("anything on copy and paste detection?", ("anything on copy and paste detection?",)),
        (
            "papers about follow the leader algorithms and online learning",
            ("papers about follow the leader algorithms and online learning",),
        ),
        ("track sleep and mood every week", ("track sleep and mood every week",)),
        (
            "send me new papers on explore and exploit, without surveys, at 9",
            ("send me new papers on explore and exploit, without surveys, at 9",),
        ),
        ("hide and seek", ("hide and seek",)),
        ("push and pull factors of migration weekly mon 9", ("push and pull factors of migration weekly mon 9",)),
        (
            "i want papers on pruning and quantization and i want them weekly",
            ("i want papers on pruning and quantization and i want them weekly",),
        ),
        ("rock and roll", ("rock and roll",)),
        ("订阅检索与生成", ("订阅检索与生成",)),
        ("暂停1和2", ("暂停1和2",)),
        ("有没有关于取消和退订行为的研究", ("有没有关于取消和退订行为的研究",)),
    ],
)
def test_a_message_is_split_where_each_part_is_understood_by_itself(message: str, parts: tuple[str, ...]) -> None:
    assert wishes.wishes_in(message, wishes.Named(numbered)) == parts
