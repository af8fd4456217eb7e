"""No text below the head of a paper is lost: each is in a field, or a warning names it, or it is markup."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.digest_reports import digest_report
from bot.digests import read_digest
from subscriptions.texts.summary_states import summary_state

KNOWN = ("Motivation", "Method", "Result", "Conclusion", "Abstract", "TL;DR")
NAMES = (
    "Zorb",
    "Side of the moon",
    "器皿",
    "왜",
    "Why it is here",
    "🎈 For a child",
    "Wörter (words)",
    "Abstract of another",
)
FORMS = (
    "\n{name}: {text}\n",
    "\n{name}：{text}\n",
    "**{name}:** {text}\n",
    "\n**{name}**: {text}\n",
    "> **{name}:** {text}\n",
    "\n#### {name}\n{text}\n",
    "\n#### {name}: {text}\n",
    "\n## {name}:\n{text}\n",
)
BETWEEN = (
    "",
    "",
    "---\n",
    "\n<details>\n  <summary>Details</summary>\n",
    "\n</details>\n",
    "[PDF](https://arxiv.org/pdf/2612.00001)\n",
)


@st.composite
def entries(draw: st.DrawFn, number: int) -> tuple[str, dict[str, str]]:
    """Returns (text of an entry, text of each label). Each word of the texts occurs once in the page."""
    words = (f"w{number}x{count}" for count in range(10_000))

    def text() -> str:
        joints = draw(st.lists(st.sampled_from((" ", " ", ", ", "\n", ". ")), max_size=4))
        return "".join(next(words) + joint for joint in joints) + next(words) + "."

    others = [name for name in KNOWN + NAMES if name != "Method"]
    names = draw(st.permutations(["Method", *draw(st.permutations(others))[: draw(st.integers(0, 8))]]))
    texts = {name: text() for name in names}
    lines = [
        f"### [{number}] [Kite {number}](https://arxiv.org/abs/2612.{number:05})\n*Ada Quill*\n\nMain category: cs.RO\n"
    ]
    for name, below in texts.items():
        lines.append(draw(st.sampled_from(FORMS)).format(name=name, text=below))
        lines.append(draw(st.sampled_from(BETWEEN)))
    if draw(st.booleans()):
        lines.append(f"\n</details>\n\n{next(words)} stands alone\n")
    return "".join(lines) + "\n\n", texts


def _report(page: str) -> str:
    return json.dumps(digest_report("made", read_digest(page.encode(), "made"), papers=True), ensure_ascii=False)


@given(st.tuples(entries(1), entries(2)))
def test_every_word_below_a_head_is_in_a_field_or_is_warned_of(made: tuple[tuple[str, dict[str, str]], ...]) -> None:
    report = _report("".join(text for text, _ in made))
    for text, _ in made:
        for word in re.findall(r"w\dx\d+", text):
            assert re.search(rf"\b{word}\b", report) or "unread_text" in report, f"{word} is lost"


@given(entries(1))
def test_no_label_swallows_another(made: tuple[str, dict[str, str]]) -> None:
    (item,) = json.loads(_report(made[0]))["items"]
    (fields,) = item["summaries"].values()
    for name, text in made[1].items():
        found = item["abstract"] if name == "Abstract" else fields.get({"TL;DR": "tldr"}.get(name, name.lower()))
        if name in KNOWN:
            assert found is not None
            assert found.startswith(text.split()[0])
            others = " ".join(other for label, other in made[1].items() if label != name)
            assert not set(re.findall(r"w\dx\d+", found)) & set(re.findall(r"w\dx\d+", others))


SHARED = os.environ.get("PAPERWIRE_SHARED", "")
PAGES = sorted((Path(SHARED) / "corpus" / "daily_md").glob("*.md")) if SHARED else []
MARKUP = re.compile(r"</?[a-z][^<>\n]*>|\]\([^()\n]*\)|\[\[Back\]\]|^\[.*", re.MULTILINE)


@pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_word_of_a_real_page_is_lost(page: Path) -> None:
    text = page.read_bytes().decode().replace("\r\n", "\n")
    digest = read_digest(page.read_bytes(), page.name)
    assert "unread_text" not in {warning.code for warning in digest.warnings}
    blocks = re.split(r"^(?=### \[)", text, flags=re.MULTILINE)[1:]
    for block, paper in zip(blocks, digest.entries if blocks else (), strict=True):
        kept = [paper.abstract, paper.comment, *paper.categories]
        kept += [word for summary in paper.summaries for pair in summary.fields.items() for word in pair]
        kept += [word for one in paper.translations for word in (one.title, one.abstract)]
        body = re.split(r"^(?:<(?:div|a) |#{1,2} .*(?:Back|\d))", block.partition("\n")[2], flags=re.MULTILINE)[0]
        for line in MARKUP.sub(" ", body).split("\n"):
            label, colon, value = line.partition(":")
            if line.startswith("*") and not line.startswith("**"):
                continue  # the authors, whose accents are decoded
            if summary_state(value.strip(" *")) != "ok":
                continue
            words = set(re.findall(r"\w+", value if colon and len(label) < 30 else line))
            lost = words - set(re.findall(r"\w+", " ".join(kept)))
            assert not lost - {"VN"}, (paper.key, line)  # a mark between two languages
