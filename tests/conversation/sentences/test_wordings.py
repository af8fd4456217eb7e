"""A command in the plain wordings that people choose: each of them does the same, with any subject."""

import pytest

from tests.conversation.deliverer import subscriptions_of
from tests.conversation.sentences.test_sentences import a_bot

SUBJECTS = {"kelp": ("seagrass", "salt marshes", "graph neural networks"), "海带": ("海草", "盐沼", "图神经网络")}
OTHER = {"kelp": "/sub moss weekly wed 8", "海带": "/sub 苔藓 weekly wed 8"}


def _rows(table: str) -> list[tuple[str, str]]:
    """Returns the sentences of a table with each line's subject in turn, as (sentence, subject)."""
    lines = [line.strip() for line in table.strip().splitlines()]
    rows = []
    for at, line in enumerate(lines):
        of = SUBJECTS["kelp" if line.isascii() else "海带"]
        rows.append((line.format(x=of[at % len(of)]), of[at % len(of)]))
    return rows


async def _subscriptions_after(said: str) -> list[str]:
    kelp = "kelp" if said.isascii() else "海带"
    with a_bot() as bot:
        await bot.says(f"/sub {kelp} daily 9")
        await bot.says(OTHER[kelp])
        await bot.says(said)
        return [f"{one.text} {one.cadence}".replace('"', "") for one in subscriptions_of(bot)]


def _with_first(said: str, first: str) -> list[str]:
    other = OTHER["kelp" if said.isascii() else "海带"].removeprefix("/sub ").replace(" 8", " 08:00")
    return [f"{first} daily 09:00", other]


@pytest.mark.parametrize(
    ("said", "subject"),
    _rows("""
        change kelp to {x}
        change kelp into {x}
        replace kelp with {x}
        swap kelp for {x}
        switch kelp to {x}
        switch from kelp to {x}
        turn kelp into {x}
        make 1 about {x}
        1 should be about {x} please
        {x} instead of kelp
        I want {x} instead of kelp
        send me {x} instead of kelp
        instead of kelp send me {x}
        instead of kelp, {x}
        I'd rather have {x} than kelp
        I'd rather have {x} than the kelp one
        not kelp but {x}
        kelp should become {x}
        rewrite 1 as {x}
        update the kelp subscription to {x}
        can you change kelp to {x}?
        please change my kelp subscription to {x}
        could you swap kelp out for {x}
        drop kelp and give me {x} instead
        I meant {x}, not kelp
        change the first one to {x}
        把海带换成{x}
        海带改成{x}吧
        请把海带替换为{x}
        用{x}替换海带
        用{x}代替海带
        不要海带了，换成{x}
        不看海带了，改看{x}
        第一个改成{x}
        麻烦把海带的订阅改成{x}
        能把海带换成{x}吗？
        我想把海带换成{x}
        海带那个改成{x}
        别发海带了，发{x}
    """),
)
async def test_another_subject_takes_the_place_and_the_time_of_the_first(said: str, subject: str) -> None:
    assert await _subscriptions_after(said) == _with_first(said, subject)


@pytest.mark.parametrize(
    ("said", "subject"),
    _rows("""
        skip {x} in kelp
        hide {x} in kelp
        ignore {x} in kelp
        stop showing {x} in kelp
        leave {x} out of kelp
        keep {x} out of kelp
        kelp should not include {x}
        {x} should not come in 1, please leave it out
        海带里不要{x}
        1不要{x}
        第一个不要{x}
        从海带中排除{x}
        海带的不要包含{x}
        把{x}从海带里去掉
        海带屏蔽{x}
    """),
)
async def test_what_shall_not_come_is_excluded_from_the_one_that_is_named(said: str, subject: str) -> None:
    assert await _subscriptions_after(said) == _with_first(said, f"{'kelp' if said.isascii() else '海带'} -{subject}")


@pytest.mark.parametrize(
    ("said", "subject"),
    _rows("""
        let kelp cover {x} as well
        add {x} to kelp
        include {x} in kelp
        kelp should also include {x}
        I also want {x} in kelp
        把{x}加到海带里
        海带里也要{x}
        海带那个也要{x}
    """),
)
async def test_what_shall_come_too_widens_the_one_that_is_named(said: str, subject: str) -> None:
    kelp = "kelp" if said.isascii() else "海带"
    assert await _subscriptions_after(said) == _with_first(said, f"{kelp} OR {subject}")


@pytest.mark.parametrize(
    "said",
    [
        *("kelp with seagrass", "effects of kelp on fish", "kelp replacing seagrass", "does kelp include iodine"),
        *(
            "hide and seek of fish in kelp",
            "replacement of kelp by urchins",
            "carbon stored in kelp",
            "how to grow kelp",
        ),
        *("kelp resumes growth after storms", "narrow blades of kelp", "海带与海草的竞争", "海带如何固碳"),
    ],
)
async def test_a_query_with_the_words_of_a_subscription_changes_nothing(said: str) -> None:
    assert await _subscriptions_after(said) == _with_first(said, "kelp" if said.isascii() else "海带")
