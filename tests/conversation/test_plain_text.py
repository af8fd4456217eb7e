"""Text without a slash: what is a command, what is looked for, and that nothing is changed before a button is pressed."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.papers import paper
from tests.prepared import prepared
from tests.product import Product, Seen

SHARED = os.environ.get("PAPERWIRE_SHARED", "")
ENOUGH = 96  # of the 102 worked examples, at least so many must lead to what they say
WHAT_TO_SAY = "Send me words that papers should contain, such as diffusion -survey, or a link to a paper."
SAMPLES = Path(__file__).parents[2] / "bot" / "samples"


@prepared
def knowing(product: Product) -> None:
    """The program with some papers, in a private chat with one subscription."""
    product.brings(
        "Diffusion on graphs", "Stop codons in yeast", "Pause tokens for models", "Kelp forests", "Edit distance"
    )
    product.says("/sub diffusion daily 9")
    product.says("/lang en")  # a command ends the question for the clock


def is_as_before(product: Product) -> bool:
    """Returns whether the chat of `knowing` has the same subscription and settings as at first."""
    (one,) = product.subscriptions()
    settings = product.runs("export", "--all").out
    return one["state"] == "active" and settings == "[telegram:42]\nset lang en\ndaily 09:00 UTC | diffusion | \n"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("unsub 1", "✓ Removed 1 subscription:"),
        ("remove 1", "✓ Removed 1 subscription:"),
        ("退订 1", "✓ Removed 1 subscription:"),
        ("/退订 1", "✓ Removed 1 subscription:"),
        ("pause", "✓ This chat is paused."),
        ("stop", "✓ This chat is paused."),
        ("暂停 三天", "✓ This chat is paused until Sun 25 Jan 12:00."),
        ("pause until monday", "✓ This chat is paused until Mon 26 Jan 00:00."),
        ("pause 1", "✓ 1  diffusion is paused."),
        ("pause 1 2 weeks", "✓ 1  diffusion is paused until Thu 5 Feb 12:00."),
        ("undo", "✓ Undone."),
        ("撤销", "✓ Undone."),
        ("set limit 5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("schedule 1 weekly mon 8", "✓ Schedule of 1: weekly mon 08:00"),
        ("edit 1 kelp", "✓ 1  kelp"),
        ("sub kelp", "✓ 2  kelp"),
        ("subscribe: kelp", "✓ 2  kelp"),
        ("subscribe to papers on kelp daily at 7:30, no reviews", "✓ 2  kelp, not reviews · daily 07:30"),
        ("订阅 海带 每天8点", "✓ 2  海带 · daily 08:00"),
    ],
)
def test_a_command_that_is_written_whole_acts_at_once(knowing: Product, text: str, begins: str) -> None:
    said = knowing.says(text)
    assert said.lines[0].startswith(begins)
    assert "undo" in said.buttons or text in ("undo", "撤销")


def test_start_ends_a_stop(knowing: Product) -> None:
    for stop, start in (("stop", "start"), ("停", "开始"), ("停止", "开始")):
        knowing.says(stop)
        assert knowing.says(start).lines[0] == "✓ Papers come again."


@pytest.mark.parametrize(
    "asked",
    ["why {}", "Why didn’t I get {}?", "why did I get https://arxiv.org/abs/{}", "为什么 {}", "为什么没收到{}？"],
)
def test_why_is_asked_in_words(product: Product, asked: str) -> None:
    product.brings(paper("Kelp", arxiv_id="2601.80001"))
    product.says("/sub diffusion")
    assert product.says(asked.format("2601.80001")).lines[2] == "1  diffusion: lacks diffusion"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("list", "1 subscription"),
        ("列表", "1 subscription"),
        ("What am I subscribed to?", "1 subscription"),
        ("today", "1 paper of Thu 22 Jan"),
        ("/今天", "1 paper of Thu 22 Jan"),
        ("anything new?", "1 paper of Thu 22 Jan"),
        ("今天的论文", "1 paper of Thu 22 Jan"),
        ("今天1", "1 paper of Thu 22 Jan"),
        ("today 1 7d", "1 paper in the last 7 days"),
        ("help", "Subscribe: /sub diffusion -survey daily 9"),
        ("settings", "Settings of this chat:"),
        ("saved", "Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card."),
        ("search kelp", "1 paper in the last 7 days"),
        ("status", "daily, Thu 22 Jan: 5 papers."),
        ("When do the papers come?", "daily, Thu 22 Jan: 5 papers."),
        ("我的论文呢？", "daily, Thu 22 Jan: 5 papers."),
        ("导出 bib", "In the last 30 days no paper was delivered here."),
    ],
)
def test_a_command_that_shows_is_one_word(knowing: Product, text: str, first: str) -> None:
    assert knowing.says(text).lines[0] == first
    assert is_as_before(knowing)


@pytest.mark.parametrize(
    ("text", "button"),
    [
        ("name 1 My kelp", "/name 1 My kelp"),
        ("schedule daily 7", "/schedule daily 7"),
        ("unsub all", "/unsub all"),
        ("forget", "/forget"),
        ("feed new", "/feed new"),
        ("save", "/save"),
        ("lang zh", "/lang zh"),
        ("timezone Zurich", "/timezone Zurich"),
        ("import", "/import"),
        ("email me@lab.org", "/email me@lab.org"),
    ],
)
def test_whatever_else_changes_something_is_a_button_first(knowing: Product, text: str, button: str) -> None:
    assert knowing.says(text).buttons == [button]
    assert is_as_before(knowing)


@pytest.mark.parametrize(
    "text",
    [
        "list decoding", "pause tokens", "follow the leader", "edit distance", "edit 3 genes", "name 3 genes", "undo logging",
        "stop codons", "remove before flight", "set theory", "export controls", "today we show", "resume parsing", "订阅者流失预测",
        "change point detection", "attention is all you need", "learning to rank", "help with homework",
    ],
)  # fmt: skip
def test_words_that_begin_like_a_command_are_looked_for(knowing: Product, text: str) -> None:
    said = knowing.says(text)
    assert re.match(r"1 paper|None of|No paper|Nothing fits|What do you want to change", said.lines[0]), said.text
    assert said.buttons[-1].startswith(("subscribe", "mondays at 9", "my subscriptions", "look for"))
    assert is_as_before(knowing)


@pytest.mark.parametrize(
    "text",
    [
        "remove diffusion", "delete it please", "unsubscribe from diffusion", "make it weekly", "send at 8 instead", "no more surveys",
        "pause for a week", "snooze 3 days", "this is too much", "too many papers", "stop sending me this", "8am", "every monday", "every monday please", "at 8, please",
        "drop the diffusion one", "取消第1个", "改成每周一", "改时间", "不要再推送综述", "别再发了", "周末不要推送", "我不想再收到综述", "以后不要发了", "太多了", "每天8点",
        "I only want titles", "send them to my email", "please only send it at 7 in the morning Berlin time", "每天晚上八点发给我",
    ],
)  # fmt: skip
def test_a_wish_for_a_change_shows_the_subscriptions_and_changes_nothing(knowing: Product, text: str) -> None:
    said = knowing.says(text)
    assert said.lines[0] == "What do you want to change?"
    assert "diffusion" in said.lines[1]
    assert said.buttons[:-1] == ["1 diffusion", "pause all", "remove all", "settings"]
    assert said.buttons[-1].startswith("look for “")
    assert is_as_before(knowing)


def test_from_there_it_is_one_or_two_presses(knowing: Product) -> None:
    knowing.says("remove diffusion")
    opened = knowing.presses("1 diffusion")
    assert opened.buttons == ["edit", "time", "pause", "remove", "list"]
    knowing.presses("remove")
    assert knowing.queries() == []
    knowing.says("/undo")
    knowing.says("pause everything")
    assert knowing.presses("pause all").lines[0] == "✓ This chat is paused."


def test_if_its_words_find_papers_these_come_first(knowing: Product) -> None:
    said = knowing.says("stop codons")
    assert said.lines[0] == "1 paper in the last 7 days"
    assert said.buttons[-1] == "my subscriptions"
    assert knowing.presses("my subscriptions").lines[0] == "1 subscription"


def test_who_has_no_subscriptions_is_shown_papers(product: Product) -> None:
    product.brings("Stop codons in yeast")
    assert product.says("stop codons").lines[0] == "1 paper in the last 7 days"
    assert product.says("too many papers").lines[0].startswith("No")


@pytest.mark.parametrize("text", ["my data", "delete my data", "Forget me!", "my account", "我的数据"])
def test_ones_own_data(knowing: Product, text: str) -> None:
    assert knowing.says(text).buttons == ["erase this chat"]
    assert knowing.queries() == ["diffusion"]
    assert "It cannot be undone." in knowing.presses("erase this chat").text


def test_a_wish_is_looked_for_and_one_press_subscribes(knowing: Product) -> None:
    said = knowing.says("send me new papers on kelp every friday at 9, no surveys")
    assert said.lines[0] == "1 paper in the last 7 days"
    assert said.buttons[1] == "subscribe: friday 09:00"
    assert knowing.queries() == ["diffusion"]
    assert knowing.presses("subscribe: friday 09:00").lines[0] == "✓ 2  kelp, not surveys · weekly fri 09:00 UTC"


def test_a_time_of_one_word_is_a_time_where_papers_are_to_be_sent(knowing: Product) -> None:
    assert knowing.says("send me papers on kelp daily").buttons[1] == "subscribe: daily 09:00"
    assert knowing.says("kelp daily").lines[1] == 'kelp "daily"'


def test_a_time_that_does_not_exist_is_named_and_costs_the_search_nothing(knowing: Product) -> None:
    said = knowing.says("send me papers on kelp twice a week")
    assert said.lines[0] == "1 paper in the last 7 days"
    assert "“twice a week” is not a schedule." in said.lines
    assert said.buttons[1:4] == ["subscribe", "daily at 8", "mondays at 9"]


def test_without_a_time_two_are_offered(knowing: Product) -> None:
    assert knowing.says("papers about kelp").buttons[1:4] == ["subscribe", "daily at 8", "mondays at 9"]
    assert knowing.presses("mondays at 9").lines[0] == "✓ 2  kelp · weekly mon 09:00 UTC"


def test_what_one_has_just_seen_does_not_come_again(product: Product) -> None:
    product.brings("Kelp forests")
    product.says("kelp")
    product.presses("daily at 8")
    product.brings("Kelp again")
    assert [line for one in product.later(days=1) for line in one.lines if "Kelp" in line] == ["Kelp again"]


@pytest.mark.parametrize(
    ("text", "begins"),
    [("no surveys", "✗ This only excludes."), ("no free lunch theorem", "No paper that I know has")],
)
def test_a_title_may_begin_like_an_exclusion(product: Product, text: str, begins: str) -> None:
    product.brings("Kelp forests")
    assert product.says(text).text.startswith(begins)


@pytest.mark.usefixtures("meaning")
def test_a_long_text_is_looked_for_by_its_meaning_alone(product: Product) -> None:
    product.brings("Diffusion on graphs")
    text = "diffusion on graphs moves heat between nodes. " * 25
    assert product.says(text).lines[0] == "I read this as a text. Nearest to it:"
    product.sets(MEANING="off")
    assert product.says(text).lines[1] == "Write it in words, or ask the operator to turn meaning on."


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello!",
        "yes",
        "no",
        "test",
        "???",
        "👍",
        "谢谢",
        "who are you?",
        "ok, thanks!",
        "ok cool",
        "never mind",
    ],
)
def test_what_asks_for_nothing_gets_help(knowing: Product, text: str) -> None:
    assert knowing.says(text).lines[0] == WHAT_TO_SAY
    assert knowing.queries() == ["diffusion"]


class Example:
    """A worked example in a private chat of its own."""

    def __init__(self, product: Product, chat: str, row: dict[str, Any]) -> None:
        self.product, self.chat, self.row = product, chat, row
        product.telegram.knows(chat)
        for line in row.get("before", ()):
            product.says(line, chat)

    def is_right(self) -> bool:
        before = self.state() if "before" in self.row else ""
        seen = self.product.says(self.row["say"], self.chat)
        assert self.row.get("at_once") or self.state() == before, f"it changed something: {self.row}"
        now = seen
        for pattern in self.row.get("press", ["(?i)^subscribe|^订阅"] if self.waits() else []):
            label = next((one for one in now.buttons if re.search(pattern, one)), None)
            if label is None:
                return False
            now = self.product.presses(label, self.chat)
        return self.is_as_said(seen)

    def state(self) -> str:
        return self.product.runs("export", "--as", f"telegram:{self.chat}").out

    def waits(self) -> bool:
        return bool(self.row.get("subs")) and "unchanged" not in self.row and not self.has_subscriptions()

    def has_subscriptions(self) -> bool:
        wanted, there = self.row["subs"], self.product.subscriptions(f"telegram:{self.chat}")
        return len(there) == len(wanted) and all(
            one["canonical"] in {self.product.tells("explain", text)["canonical"] for text in str(texts).split("||")}
            and (when is None or one["cadence"] == when or one["cadence"].startswith(f"{when} "))
            for one, (texts, when) in zip(there, wanted, strict=True)
        )

    def is_as_said(self, seen: Seen) -> bool:
        row, shown = self.row, "\n".join([seen.text, *seen.buttons])
        return (
            ("subs" not in row or self.has_subscriptions())
            and all(f"set {name} {value}" in self.state() for name, value in row.get("set", {}).items())
            and ("chat" not in row or row["chat"]["state"] in self.product.says("/list", self.chat).text)
            and bool(re.search(row.get("shows", ""), shown))
            and not ("never" in row and re.search(row["never"], shown))
            and ("buttons" not in row or any(re.search(row["buttons"], one) for one in seen.buttons))
        )


@pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with sentences.jsonl")
def test_worked_examples_lead_to_what_they_say(product: Product) -> None:
    rows = [json.loads(line) for line in (Path(SHARED) / "sentences.jsonl").read_text("utf-8").splitlines() if line]
    samples = sorted(str(one) for one in SAMPLES.iterdir() if one.name != "README.md")
    product.runs("ingest", *samples, "--date", "2026-01-22")
    wrong = [row["say"] for at, row in enumerate(rows) if not Example(product, str(1000 + at), row).is_right()]
    assert len(rows) - len(wrong) >= ENOUGH, wrong
