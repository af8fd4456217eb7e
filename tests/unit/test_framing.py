"""Sentences that ask for papers, and the query that each of them asks for. What is a query already stays as it is."""

from time import process_time

import pytest

from bot.commands.framing import LONGEST, unframed
from subscriptions import parse_query

LLM = "large language models"

ENGLISH = [
    ("I want papers on large language models, but no surveys", f"{LLM} -survey"),
    ("i want papers about large language models but not surveys", f"{LLM} -survey"),
    ("I want to see papers on large language models without surveys.", f"{LLM} -survey"),
    ("I'd like papers on large language models, except surveys", f"{LLM} -survey"),
    ("I’d like to read about large language models, other than surveys", f"{LLM} -survey"),
    ("I would like to get all new papers about large language models", LLM),
    ("I need recent work on large language models", LLM),
    ("I am looking for papers on large language models", LLM),
    ("I'm looking for large language models", LLM),
    ("looking for papers about large language models", LLM),
    ("I'm interested in large language models", LLM),
    ("I am very interested in large language models!", LLM),
    ("im interested in large language models", LLM),
    ("I care about large language models", LLM),
    ("I work on large language models", LLM),
    ("interested in quantum error correction", "quantum error correction"),
    ("show me papers on diffusion", "diffusion"),
    ("Show me diffusion models", "diffusion models"),
    ("show me some diffusion papers", "diffusion"),
    ("show me everything about graph transformers", "graph transformers"),
    ("please send me papers about graph neural networks", "graph neural networks"),
    ("Please, could you send me papers about graph neural networks?", "graph neural networks"),
    ("could you please find me the latest articles on protein folding", "protein folding"),
    ("can you find papers on protein folding for me?", "protein folding"),
    ("can you recommend papers on protein folding", "protein folding"),
    ("Hi! Please give me preprints concerning protein folding, thanks", "protein folding"),
    ("Hello, I want papers on diffusion", "diffusion"),
    ("find papers about the transformer architecture", "transformer architecture"),
    ("search for papers on retrieval augmented generation", "retrieval augmented generation"),
    ("search papers about retrieval", "retrieval"),
    ("tell me about diffusion models", "diffusion models"),
    ("tell me when a paper on diffusion models appears", "diffusion models"),
    ("notify me when a paper about diffusion models appears", "diffusion models"),
    ("Notify me when new papers on diffusion models come out.", "diffusion models"),
    ("notify me of papers on diffusion models", "diffusion models"),
    ("notify me if anything on diffusion models is published", "diffusion models"),
    ("notify me when something about diffusion models shows up on arXiv", "diffusion models"),
    ("let me know when there is a new paper on diffusion models", "diffusion models"),
    ("alert me whenever diffusion models papers are out", "diffusion models"),
    ("keep me posted on diffusion models", "diffusion models"),
    ("keep me up to date with research on diffusion models", "diffusion models"),
    ("follow papers on diffusion models", "diffusion models"),
    ("I want to follow diffusion models", "diffusion models"),
    ("I want to subscribe to papers on diffusion models", "diffusion models"),
    ("subscribe me to diffusion models", "diffusion models"),
    ("papers about diffusion models", "diffusion models"),
    ("papers on diffusion models without surveys", "diffusion models -survey"),
    ("papers about diffusion models but no surveys or reviews", "diffusion models -survey -review"),
    ("papers on diffusion models, not surveys, not reviews", "diffusion models -survey -review"),
    ("new papers on diffusion models, excluding medical imaging", 'diffusion models -"medical imaging"'),
    ("papers on diffusion models, but nothing about medicine", "diffusion models -medicine"),
    ("papers on diffusion models except those on video", "diffusion models -video"),
    ("any papers on diffusion models?", "diffusion models"),
    ("are there any new papers on diffusion models?", "diffusion models"),
    ("do you have papers on diffusion models?", "diffusion models"),
    ("is there anything new about diffusion models?", "diffusion models"),
    ("what's new in reinforcement learning?", "reinforcement learning"),
    ("what is new on reinforcement learning", "reinforcement learning"),
    ("anything about reinforcement learning", "reinforcement learning"),
    ("articles related to reinforcement learning", "reinforcement learning"),
    ("I want to be notified about papers dealing with reinforcement learning", "reinforcement learning"),
    ("I want papers by Yann LeCun", 'author:"Yann LeCun"'),
    ("show me papers by Geoffrey Hinton and Yann LeCun", 'author:"Geoffrey Hinton" OR author:"Yann LeCun"'),
    ("papers by Yann LeCun on video", 'author:"Yann LeCun" video'),
    ("papers by Yann LeCun, but no surveys", 'author:"Yann LeCun" -survey'),
    ("gimme papers about cats", "cats"),
    ("wanna read papers about cats", "cats"),
    ("cats, please", "cats"),
    ("diffusion models please", "diffusion models"),
    ("could you track diffusion models for me?", "diffusion models"),
    ("can you help me find papers on RL?", "RL"),
    ("please help me with diffusion models", "diffusion models"),
    ("any news on GPT-5?", "GPT-5"),
    ("whats new in robotics", "robotics"),
    ("what is new in computer vision this week", "computer vision"),
    ("give me the latest on quantum error correction", "quantum error correction"),
    ("papers about protein folding minus reviews", "protein folding -review"),
    ("papers in cs.LG", "cs.LG"),
    ("show me cs.LG papers", "cs.LG"),
    ("I am looking for a transformer", "transformer"),
    ("show me papers by Bengio", "author:Bengio"),
    ("new papers from the field of robotics please", "robotics"),
    ("I want diffusion papers, but no surveys, please", "diffusion -survey"),
    ("diffusion models, but no surveys", "diffusion models -survey"),
    ("diffusion models but not video", "diffusion models -video"),
    ("I want papers on cs.LG, but not cs.CV", "cs.LG -cs.CV"),
    ("I want papers on RLHF or DPO", "RLHF or DPO"),
    ('I want papers on "graph neural networks", but no surveys', '"graph neural networks" -survey'),
]
TIMED = [
    ("I want papers on diffusion models every morning", "diffusion models every morning"),
    ("I want papers on diffusion models daily at 9", "diffusion models daily at 9"),
    ("I want papers on diffusion models, but no surveys, every monday at 10", "diffusion models -survey every monday at 10"),
    ("please send me papers about diffusion at 8", "diffusion at 8"),
    ("send me every morning papers about diffusion models", "diffusion models every morning"),
    ("every monday at 9 send me papers about diffusion models", "diffusion models every monday at 9"),
    ("papers about diffusion models daily 9, please", "diffusion models daily 9"),
    ("每天早上8点给我推送关于扩散模型的论文", "扩散模型 每天早上8点"),
    ("请每周一发给我扩散模型的论文，不要综述", "扩散模型 -综述 每周一"),
    ("我想看关于扩散模型的论文 每天9点", "扩散模型 每天9点"),
    ("我想每天早上看关于扩散模型的论文", "扩散模型 每天早上"),
]  # fmt: skip
CHINESE = [
    ("我想看关于扩散模型的论文，不要综述", "扩散模型 -综述"),
    ("我想看关于扩散模型的论文", "扩散模型"),
    ("我想看扩散模型的论文", "扩散模型"),
    ("我想看扩散模型", "扩散模型"),
    ("我要大语言模型的论文，但不要综述。", "大语言模型 -综述"),
    ("我想要一些关于大语言模型的最新论文", "大语言模型"),
    ("我想找有关图神经网络的文章", "图神经网络"),
    ("我在找图神经网络方面的论文", "图神经网络"),
    ("我需要强化学习相关的论文，除了综述", "强化学习 -综述"),
    ("我需要强化学习相关论文，除综述外", "强化学习 -综述"),
    ("我想看强化学习的论文，除了综述以外", "强化学习 -综述"),
    ("我想看强化学习的论文，不含综述和教程", "强化学习 -综述 -教程"),
    ("我想看强化学习的论文，但是不包括机器人方面的", "强化学习 -机器人"),
    ("我对扩散模型感兴趣", "扩散模型"),
    ("我对扩散模型很感兴趣，不要综述", "扩散模型 -综述"),
    ("对量子计算感兴趣", "量子计算"),
    ("有没有关于扩散模型的论文？", "扩散模型"),
    ("有没有扩散模型的新论文", "扩散模型"),
    ("有扩散模型的论文吗？", "扩散模型"),
    ("有什么关于扩散模型的新论文吗", "扩散模型"),
    ("请问有没有扩散模型相关的文献", "扩散模型"),
    ("帮我关注扩散模型", "扩散模型"),
    ("帮我关注关于扩散模型的论文", "扩散模型"),
    ("请帮我找扩散模型的论文", "扩散模型"),
    ("帮我查一下扩散模型的论文", "扩散模型"),
    ("麻烦帮我搜索一下有关扩散模型的论文，谢谢", "扩散模型"),
    ("给我推荐几篇扩散模型的论文", "扩散模型"),
    ("给我看扩散模型的论文", "扩散模型"),
    ("请推送关于扩散模型的论文", "扩散模型"),
    ("请给我发扩散模型方面的最新论文，排除综述", "扩散模型 -综述"),
    ("能不能给我推荐一些扩散模型的论文？", "扩散模型"),
    ("你好，我想看关于扩散模型的论文", "扩散模型"),
    ("有扩散模型的新论文时通知我", "扩散模型"),
    ("如果有关于扩散模型的新论文，请通知我", "扩散模型"),
    ("一有扩散模型的论文就告诉我", "扩散模型"),
    ("扩散模型有新论文时提醒我", "扩散模型"),
    ("关于扩散模型的论文", "扩散模型"),
    ("扩散模型的论文", "扩散模型"),
    ("扩散模型相关论文，不要综述", "扩散模型 -综述"),
    ("扩散模型，不要综述", "扩散模型 -综述"),
    ("我想看关于 diffusion models 的论文，不要 surveys", "diffusion models -survey"),
    ("我想了解大模型的最新研究", "大模型"),
    ("帮我订阅扩散模型", "扩散模型"),
    ("我要订阅图神经网络", "图神经网络"),
    ("最近关于扩散模型的论文", "扩散模型"),
    ("最新的扩散模型论文", "扩散模型"),
    ("给我来点强化学习的论文", "强化学习"),
    ("来几篇强化学习的论文", "强化学习"),
    ("能推荐一些关于强化学习的论文吗？", "强化学习"),
    ("有没有讲扩散模型的论文", "扩散模型"),
    ("有没有人研究扩散模型", "扩散模型"),
    ("我比较关注计算机视觉", "计算机视觉"),
    ("我是做计算机视觉的", "计算机视觉"),
    ("如果出现量子纠错的新论文，告诉我", "量子纠错"),
    ("出了量子纠错的论文提醒我", "量子纠错"),
    ("除了综述以外的扩散模型论文", "扩散模型 -综述"),
    ("我想看除综述外的扩散模型论文", "扩散模型 -综述"),
    ("作者 LeCun 的论文", "author:LeCun"),
    ("Yann LeCun 写的论文", 'author:"Yann LeCun"'),
    ("我想訂閱關於擴散模型的論文", "擴散模型"),
]
UNTOUCHED = [
    "attention is all you need",
    "show and tell",
    "I, Robot",
    "without loss of generality",
    "learning without forgetting",
    "learning to see",
    "papers with code",
    "I want no papers",
    "show me more",
    "papers in the wild",
    "could you see me",
    "the latest",
    "paper mills",
    "attention",
    "today's language models",
    "search engines",
    "search for extraterrestrial intelligence",
    "list decoding",
    "stop words",
    "help desk automation",
    "follow the leader",
    "track anything",
    "find the gap",
    "segment anything",
    "tell me why",
    "looking for trouble",
    "please",
    "what is attention",
    "except for one",
    "no free lunch",
    "not all tokens are equal",
    "news recommendation",
    "watch time prediction",
    "recommendation of papers",
    "citation recommendation for papers",
    "diffusion -survey",
    '"I want papers on"',
    "author:Wanting OR ti:want",
    "I want",
    "give and take",
    "send in the clowns",
    "interest rates",
    "recent advances in robotics",
    "work on tensors",
    "need for speed",
    "wanted: dead or alive",
    "a paper clip maximizer",
    "扩散模型",
    "论文推荐系统",
    "论文",
    "注意力机制",
    "有监督学习",
    "有限元",
    "要素市场",
    "除噪",
    "对抗攻击",
    "对比学习",
    "推荐系统",
    "最近邻搜索",
    "最新视频编码标准",
    "来源可信度",
    "出现频率",
    "写作辅助",
    "作者归属",
    "我国能源政策",
    "搜索引擎",
    "关注度",
    "查询优化",
    "我们",
    "请求调度",
    "不要",
    "",
    "   ",
]


@pytest.mark.parametrize(("sentence", "query"), [*ENGLISH, *TIMED, *CHINESE])
def test_a_sentence_is_its_query(sentence: str, query: str) -> None:
    assert unframed(sentence) == query


@pytest.mark.parametrize("text", UNTOUCHED)
def test_a_query_stays_as_it_is(text: str) -> None:
    assert unframed(text) == text


def test_the_example_of_the_guide_is_the_query_that_people_write() -> None:
    found = unframed("I want papers on large language models, but no surveys")
    assert parse_query(found).canonical == parse_query("large language models -survey").canonical


@pytest.mark.parametrize(("_", "query"), [*ENGLISH, *CHINESE])
def test_what_is_left_has_no_frame(_: str, query: str) -> None:
    assert unframed(query) == query


def test_the_table_is_large_enough_in_both_languages() -> None:
    assert len(ENGLISH) + len(TIMED) >= 60
    assert len(CHINESE) >= 40


@pytest.mark.parametrize("piece", ["，", ", ", "！", "1 ", "论文", "the new ", "A de ", "but no ", "最新"])
@pytest.mark.parametrize("lead", ["", "papers on ", "有", "我对"])
def test_a_hostile_sentence_is_soon_read(lead: str, piece: str) -> None:
    """The time of the processor, for a longest sentence: a second would be a hundred times too much."""
    text = (lead + piece * LONGEST)[:LONGEST]
    began = process_time()
    unframed(text)
    assert process_time() - began < 0.5
    assert unframed(text + piece * LONGEST) == text + piece * LONGEST


def test_many_signs_in_a_row_do_not_hide_a_sentence() -> None:
    assert unframed("papers on diffusion,,,,,,,,,,,, but no surveys!!!!!!!!!!!!!") == "diffusion -survey"
