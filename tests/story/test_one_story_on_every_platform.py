"""People say the same on Telegram, Slack, the page and the console, and get the same papers at the same times, in order."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.slack import TOKEN, FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product

CHATS = ("telegram:42", "slack:U1", "web:me", "console:me")
SCRIPT: Sequence[Sequence[str]] = (  # what each person says on a day
    ("/sub diffusion -survey daily 09:00", "/schedule daily 09:00", "/sub cat:cs.LG", '/sub author:"Ada Quill" now'),
    ("/edit 2 cat:cs.CL", "/undo", "/pause 1"),
    ("/resume 1", "/unsub 2"),
    ("/undo",),
)
DAYS = (
    (("Diffusion on graphs", "cs.LG", "Bo Larch"), ("A survey of diffusion", "cs.CV", "Bo Larch"), ("Kites", "cs.RO", "Ada Quill")),
    (("Trees of graphs", "cs.LG", "Ada Quill"), ("Diffusion of heat", "cs.CV", "Bo Larch")),
    (("Diffusion at sea", "cs.LG", "Ada Quill"), ("Words", "cs.CL", "Bo Larch")),
    (("Learning to learn", "cs.LG", "Bo Larch"),),
)  # fmt: skip
LINK = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{5})")


def test_the_same_words_bring_the_same_papers_everywhere(tmp_path: Path, telegram: FakeTelegram) -> None:
    with FakeSlack() as slack:
        slack.knows_person("U1", name="ada", tz="UTC")
        product = Product(tmp_path, telegram=telegram)
        product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=slack.url)
        came: dict[str, list[tuple[int, list[str]]]] = {chat: [] for chat in CHATS}  # chat → (hour, papers) in order
        hour = 0
        for words, papers in zip(SCRIPT, DAYS, strict=True):
            for said in words:
                answers = {chat: product.tells("say", said, "--as", chat)["text"][0][:1] for chat in CHATS}
                assert len(set(answers.values())) == 1, (said, answers)
            product.brings(*(paper(title, category, authors=(who,)) for title, category, who in papers))
            for _ in range(8):
                hour += 3
                seen = len(telegram.journal), len(slack.journal)
                product.later(hours=3)
                posted = {
                    "telegram:42": " ".join(str(one.payload) for one in list(telegram.journal)[seen[0] :]),
                    "slack:U1": " ".join(str(one.payload) for one in list(slack.journal)[seen[1] :]),
                    "console:me": product.delivered.err,  # with --json, the console's messages stand on stderr
                }
                for chat, text in posted.items():
                    if found := list(dict.fromkeys(LINK.findall(text))):
                        came[chat].append((hour, found))
        assert came["telegram:42"] == came["slack:U1"] == came["console:me"]
        everything = {one for _, papers in came["telegram:42"] for one in papers}
        assert len(everything) == 6, "all but the survey and the one that is about words"

        # The page is not posted to; what it got can be exported there as everywhere.
        for chat in CHATS:
            exported = "\n".join(product.tells("say", "/export bib 30d", "--as", chat)["text"])
            assert set(LINK.findall(exported)) == everything
            assert "survey" not in exported
