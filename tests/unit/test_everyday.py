"""Wishes for papers as people say them, and the texts that must be searched as they were typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.free_text.wishes import formed_wish, wish
from subscriptions.query.parse import parse_query

# what is said > the query | the time
WISHES = """
could you please send me every morning at 7 news about moss?  > moss | every morning at 7
I work on moss                                                > moss
I study the ecology of moss                                   > ecology moss
I also want moss papers                                       > moss
what's new in cs.CL                                           > cs.CL
show last week's papers on moss                               > moss
subscribe to cs.CL and cs.LG                                  > cs.CL OR cs.LG
papers in cs.CV, cs.CL and cs.LG about moss                   > (cs.CV OR cs.CL OR cs.LG) moss
by Jane Doe                                                   > author:"Jane Doe"
Follow Jane Doe                                               > author:"Jane Doe"
follow Graph Neural Networks                                  > Graph Neural Networks
papers on moss by Jane Doe every friday                       > author:"Jane Doe" moss | every friday
papers with moss in the title                                 > ti:moss
I only want papers where moss is in the title                 > ti:moss
subscribe to papers like 2601.11087 every friday              > like:2601.11087 | every friday
papers on moss, ferns and lichens                             > moss OR ferns OR lichens
papers on decay in moss, ferns and lichens                    > decay (moss OR ferns OR lichens)
papers on moss, nothing about ferns, every monday             > moss -ferns | every monday
papers on learning without forgetting                         > learning without forgetting
send me moss every monday at 9, no surveys or code            > moss -surveys -code | every monday at 9
send me a weekly digest of cs.CL                              > cs.CL | weekly
I study moss and would like a weekly digest on fridays          > moss | weekly on fridays
send me papers every monday at 9 on moss, no surveys            > moss -surveys | every monday at 9
moss forests, no surveys thx                                    > moss forests -surveys
papers on moss but please no surveys                            > moss -surveys
papers on moss w/o surveys                                      > moss -surveys
moss except for kelp and fern                                   > moss -kelp -fern
moss forests, not by Ada Lovelace                               > moss forests -author:"Ada Lovelace"
moss, no papers by Ada Lovelace or Jane Doe please              > moss -author:"Ada Lovelace" -author:"Jane Doe"
我研究苔藓，请推荐相关论文                                      > 苔藓
我研究苔藓，论文推荐                                            > 苔藓 OR 论文推荐
send me everything about moss as soon as they appear          > moss | now
I want to know when Jane Doe publishes something              > author:"Jane Doe"
我是研究生，方向是苔藓，麻烦每周推送一次                        > 苔藓 | 每周
请推送苔藓的论文，一有新的就发给我                              > 苔藓 | now
我对苔藓感兴趣                                                  > 苔藓
苔藓的论文，不要综述                                            > 苔藓 -综述
每天8点给我推送苔藓的论文                                       > 苔藓 | 每天8点
只要标题里有苔藓的论文                                          > ti:苔藓
给我发 cs.CV 里关于苔藓的文章，每周一上午                       > cs.CV 苔藓 | 每周一上午
hi, gardener here, working on moss                              > moss
Jane Doe's new papers                                           > author:"Jane Doe"
我读博，方向是苔藓，周三早上推给我                              > 苔藓 | 周三早上
苔藓在园林设计中的应用，请告诉我                                > 苔藓 园林设计 应用
any recent advances in moss?                                    > moss
remind me on fridays about new moss papers                      > moss | on fridays
不要综述的苔藓论文                                              > 苔藓 -综述
papers that use moss, ideally with code                         > moss
papers that mention "old moss" in the abstract                  > abs:"old moss"
only papers whose title contains "moss"                         > ti:moss
just surveys on moss                                            > surveys moss
find me the paper "A moss of its own"                           > "A moss of its own"
what did Jane Doe publish lately?                               > author:"Jane Doe"
top 5 papers on moss every monday                               > moss | every monday
cs.CL或者cs.AI里关于苔藓的论文                                  > (cs.CL OR cs.AI) 苔藓
和苔藓类似的论文                                                > 苔藓
除了综述以外的所有苔藓论文                                      > 苔藓 -综述
以后每天中午12点推送苔藓                                        > 苔藓 | 每天中午12点
"""
AS_TYPED = """
diffusion -survey
learning without forgetting
weekly supervision
follow the regularized leader
all:stat.ML
Subscribe to moss: a survey
no surveys please
how do I subscribe to moss
what's new
send me papers
I don't want moss
每日步数与死亡率
今天有什么新论文
不要综述
only 3 mosses suffice
in particular
尤其
"""


@pytest.mark.parametrize("row", WISHES.strip().splitlines())
def test_a_wish_is_read(row: str) -> None:
    said, expected = map(str.strip, row.split(" > "))
    query, _, when = expected.partition(" | ")
    read = wish(said)
    assert read is not None
    assert parse_query(read.query).canonical == parse_query(query).canonical
    assert read.when == when


@pytest.mark.parametrize("text", AS_TYPED.strip().splitlines())
def test_a_query_a_title_or_a_question_has_no_form_of_a_wish(text: str) -> None:
    assert formed_wish(text) is None


# what is said without a form > the query | the time
PLAIN = """
the mating of mosses                        > mating mosses
moss or ferns                               > moss OR ferns
moss, ferns, and lichens                    > moss OR ferns OR lichens
cs.CL and cs.LG                             > cs.CL OR cs.LG
papers about moss at night                  > moss night
苔藓和地衣                                  > 苔藓 OR 地衣
attention is all you need                   > attention all you need
Attention Is All You Need                   >
Show and tell: a neural image caption       >
Is moss green? A study of it                >
Look, Listen, and Learn with Moss           >
"moss and ferns"                            >
"moss or ferns" papers                      > "moss or ferns"
moss -survey                                >
learning to rank                            >
"""


@pytest.mark.parametrize("row", PLAIN.strip().splitlines())
def test_words_that_no_paper_needs_are_left_out_of_what_is_no_title(row: str) -> None:
    said, expected = map(str.strip, row.split(" >"))
    query, _, when = expected.partition(" | ")
    read = wish(said)
    assert (read and (parse_query(read.query).canonical, read.when)) == (
        (parse_query(query).canonical, when) if query else None
    )


_PARTS = (
    "send me",
    "papers on",
    "every monday at 9",
    ",",
    "no",
    "and",
    "or",
    "by Jane Doe",
    "cs.CL",
    '"',
    "(",
    "的论文",
    "和",
    "每天8点",
    "不要",
)


@given(some.one_of(some.text(max_size=400), some.lists(some.sampled_from(_PARTS), max_size=30).map(" ".join)))
def test_a_wish_is_always_a_query(text: str) -> None:
    read = wish(text)
    if read:
        assert parse_query(read.query)
