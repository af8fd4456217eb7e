"""Buttons under deliveries: they open cards and papers beyond the limit, and change what comes."""

import json
import re
from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import Paper, paper
from tests.product import Product, Seen

GROUP = "-1001"
LINKS = ["PDF", "arXiv"]
FIRST = ["PDF", "save", "👍", "👎"]
CARD = [*FIRST, "more", "less of this", "why", "similar"]
OLD_BUTTON = "I do not have this paper any more."
NOT_YOURS = "Only admins of this chat can change that."


def papers(amount: int, title: str = "Diffusion {}") -> list[Paper]:
    return [paper(title.format(number)) for number in range(1, amount + 1)]


def comes(product: Product) -> Seen:
    """Returns what is delivered now."""
    return Seen(tuple(entry for seen in product.later(minutes=1) for entry in seen.entries))


def delivered(product: Product, *papers: Paper | str, of: tuple[str, ...] = ("diffusion",)) -> Seen:
    """Subscribes to queries and brings papers. Returns their delivery."""
    for query in of:
        product.says(f"/sub {query} now")
    product.brings(*papers)
    return comes(product)


def state(product: Product) -> list[str]:
    return [one["state"] for one in product.subscriptions()]


def test_the_rest_behind_the_limit_opens_in_pages_for_long_and_counts_as_told(product: Product) -> None:
    product.says("/sub diffusion now")
    product.says("/set limit 6")
    product.brings(*papers(25))
    sent = comes(product)
    assert "and 19 more" in sent.text
    assert sent.buttons[-1] == "show 19 more"
    product.clock.advance(timedelta(days=30))
    rest = product.presses("show 19 more")
    assert rest.lines[0].startswith("7 ")
    assert rest.buttons == [*map(str, range(7, 23)), "show 3 more"]
    last = product.presses("show 3 more")
    assert last.buttons == ["23", "24", "25"]
    shown = [line.split(" ")[2] for page in (sent, rest, last) for line in page.lines if " — " in line]
    assert sorted(map(int, shown)) == list(range(1, 26))
    assert "Diffusion" in product.presses("24").lines[0]
    product.says("/sub cs.LG now")
    product.brings("Another")
    assert comes(product).lines[0] == "Another"


def test_a_limit_hides_nothing_where_no_button_opens_the_rest(product: Product) -> None:
    product.says("/set limit 2")
    product.says("/set buttons off")
    sent = delivered(product, *papers(7))
    assert all(f"Diffusion {number}" in sent.text for number in range(1, 8))
    assert sent.buttons == []


def test_more_tells_everything(product: Product) -> None:
    summary = {"tldr": "It is short.", "method": "We add noise.", "result": "N/A"}
    whole = paper(
        "Diffusion one",
        "cs.LG",
        "stat.ML",
        abstract="The whole abstract. It has two sentences.",
        authors=[f"Author Number{n}" for n in range(1, 8)],
        comment="12 pages",
    )
    delivered(product, Paper(**{**{name: getattr(whole, name) for name in Paper.__slots__}, "summary": summary}))
    more = product.presses("more")
    assert not more.changed  # a sent message is not edited
    assert more.buttons == [*FIRST, "less of this", "why", "similar"]
    for part in ("Author Number5", "cs.LG, stat.ML", "In short\nAI: It is short.", "Method\nAI: We add noise."):
        assert part in more.text
    assert "Abstract\nThe whole abstract. It has two sentences." in more.text
    assert "Comment\n12 pages" in more.text
    assert "N/A" not in more.text


def test_why_names_the_subscriptions_and_marks_the_passages(product: Product) -> None:
    abstract = "A long beginning about nothing at all. " * 8 + "Then we add noise to it. " + "And so on and on. " * 12
    delivered(
        product,
        paper("Diffusion one", abstract=abstract, authors=("Jane Doe", "A. Other")),
        of=("noise -survey", 'author:"Jane Doe"', "cs.LG"),
    )
    why = product.presses("why")
    assert "1  noise -survey" in why.text
    assert "in the abstract: …" in why.text
    markup = why.entries[0].payload["text"]
    assert "add <u>noise</u> to it." in markup
    assert "<u>Jane Doe</u>" in markup
    assert "<u>cs." in markup
    assert len(why.text) < 800


def test_less_of_this_leaves_out_an_author_a_category_or_a_word(product: Product) -> None:
    of_two = paper("Diffusion of video", "cs.CV", authors=("Jane Doe", "Max Muster"))
    delivered(product, of_two, of=("diffusion OR flow",))
    menu = product.presses("less of this")
    assert menu.lines == ["What shall 1  diffusion OR flow leave out from now on? Write a word, or press:"]
    offered = ["leave Jane Doe out of 1", "leave Max Muster out of 1", "leave cs.CV out of 1", "pause 1 for a week"]
    assert menu.buttons == [*offered, "cancel"]
    done = product.presses("leave Jane Doe out of 1")
    assert done.changed
    assert done.lines[1] == '(diffusion OR flow) -author:"Jane Doe"'
    assert product.queries() == ['(diffusion OR flow) -author:"Jane Doe"']
    product.brings(paper("More diffusion", authors=("Jane Doe",)), "Diffusion for proteins")
    assert comes(product).lines[0] == "Diffusion for proteins"
    product.presses("undo")
    assert product.queries() == ["diffusion OR flow"]
    product.presses("less of this")
    product.says("video generation")
    assert product.queries() == ['(diffusion OR flow) -"video generation"']


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("no surveys or reviews", "diffusion -surveys -reviews"),
        ("-flow", "diffusion -flow"),
        ("state space models", 'diffusion -"state space models"'),
    ],
)
def test_less_of_this_takes_what_excludes(product: Product, typed: str, query: str) -> None:
    delivered(product, *papers(1))
    product.presses("less of this")
    product.says(typed)
    assert product.queries() == [query]


@pytest.mark.parametrize(
    "typed",
    [
        "show me papers about robots",
        "any news on robots",
        "how do robots learn?",
        "make it weekly instead",
        "mute medical",
        "speak Chinese",
        "every friday at 9",
        "给我看看关于机器人的论文",
    ],
)
def test_less_of_this_offers_a_text_that_is_no_word(product: Product, typed: str) -> None:
    delivered(product, *papers(1))
    product.presses("less of this")
    product.clock.advance(timedelta(minutes=13))
    offered = f"leave “{typed}” out of 1"
    assert offered in product.says(typed).buttons
    product.says("flow")
    assert product.queries() == ["diffusion"], "the question has ended"
    product.presses("less of this")
    product.says(typed)
    product.presses(offered)
    assert product.queries() != ["diffusion"]


def test_less_of_this_is_forgotten_after_another_button(product: Product) -> None:
    delivered(product, *papers(1))
    product.presses("less of this")
    product.presses("why")
    product.says("flow")
    assert product.queries() == ["diffusion"]


def test_less_of_this_pauses_each_subscription_that_brought_the_paper_while_it_is_there(product: Product) -> None:
    delivered(product, *papers(1), of=("diffusion", "cs.LG"))
    assert "pause 1 for a week" in product.presses("less of this").buttons
    paused = product.presses("pause 2 for a week")
    assert (paused.changed, paused.text) == (True, "✓ 2  cs.LG is paused until Thu 29 Jan 12:01.")
    assert state(product) == ["active", "paused"]
    product.presses("undo")
    assert state(product) == ["active", "active"]
    product.says("/unsub all")
    assert product.presses("less of this").toast == "No subscription of this chat brings this paper any more."


def test_what_an_admin_was_offered_in_a_group_is_no_members_to_press(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={"7": "creator", "8": "member"})
    product.says(f"/sub@{NAME} diffusion now", GROUP, by="7")
    product.brings(*papers(2))
    sent = comes(product)
    product.presses("1", GROUP, by="7")
    product.presses("less of this", GROUP, by="7")
    assert product.presses("pause 1 for a week", GROUP, by="8").toast == NOT_YOURS
    assert product.presses("pause 1 for a week", GROUP, by="7").text.startswith("✓")

    # In a group that became public, a card has only links.
    telegram.knows(GROUP, title="Lab", username="the_lab", people={"7": "creator", "8": "member"})
    product.says(f"/list@{NAME}", GROUP, by="7")
    card = product.presses(str(sent.keys[0]["callback_data"]), GROUP, by="8", tampered=True)
    assert "Diffusion" in card.text
    assert card.buttons == LINKS
    assert all("url" in key for key in card.keys)


def test_a_delivery_of_another_chat_opens_nothing(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("43")
    telegram.knows("99")
    product.says("/sub diffusion now", "43")
    product.says("/start", "99")
    sent = delivered(product, *papers(2))
    data = next(str(key["callback_data"]) for key in sent.keys)
    for pressed in (data, data.replace(".c0", ".m"), f"{data}.less", data.replace(".c0", ".c1.more")):
        stolen = product.presses(pressed, "43" if sent.chats[0] == "42" else "42", tampered=True)
        assert (stolen.toast, stolen.text) == (OLD_BUTTON, "")
        assert product.presses(pressed, "99", tampered=True).text == ""


@pytest.mark.parametrize(
    "places",
    [
        ("d0123456789abcdef.c0", "d{}.c7", "d{}.m", "d{}.m9", "d{}.c9999.more", "d{}.c5.why", "d{}.c5.less"),
        ("d{}.c", "d{}.z0", "d{}.c1234567", "d{}", "d{}.c0 ", "D{}.c0", "d{}.c-1"),
        ("d{}.c0.other", "d{}.c0.save.save", "d{}.m.save", "d{}.f0.save", "d{}.c0.", ".save", "."),
    ],
)
def test_what_no_button_holds_opens_nothing(product: Product, places: tuple[str, ...]) -> None:
    sent = delivered(product, *papers(2))
    delivery = str(sent.keys[0]["callback_data"])[1:17]
    for place in places:
        pressed = product.presses(place.format(delivery), tampered=True)
        assert pressed.text == ""
        assert pressed.toast in (OLD_BUTTON, "This button does not work any more, or not for you."), place


def test_a_paper_that_was_withdrawn_says_so_on_its_card(product: Product) -> None:
    first = paper("Diffusion one")
    sent = delivered(product, first, "Diffusion two")
    place = "1" if sent.lines[0] == "1 Diffusion one" else "2"
    product.clock.advance(timedelta(days=3))
    product.brings(
        paper(first.title, arxiv_id=first.arxiv_id, comment="This paper has been withdrawn by its authors", version=2)
    )
    card = product.presses(place)
    assert "withdrawn by the authors" in card.text
    assert "<s>" in card.entries[0].payload["text"]


def test_a_paper_that_was_named_has_a_card_with_what_can_be_done(product: Product) -> None:
    product.brings(paper("Diffusion of videos", arxiv_id="2601.00777"))
    card = product.says("https://arxiv.org/abs/2601.00777v2")
    assert "Diffusion of videos" in card.text
    assert card.buttons == [*FIRST, "more", "similar"]
    assert product.presses("more").changed
    product.says("/sub diffusion now")
    card = product.says("2601.00777")
    assert card.lines[-1] == "▸ diffusion"
    keyboard = json.loads(card.entries[0].payload["reply_markup"])["inline_keyboard"]
    assert [[key["text"] for key in row] for row in keyboard] == [CARD[:4], CARD[4:]], "more does not fit on a phone"


SITE = "https://www.biorxiv.org/content/10.1101/2026.01.02.123456v2"
ELSEWHERE = f"""<?xml version="1.0"?>
<rss version="2.0" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A journal</title>
<item><title>A diffusion with a DOI</title><link>https://doi.org/10.1000/ab(c)</link><prism:doi>10.1000/ab(c)</prism:doi></item>
<item><title>A diffusion of biology</title><link>{SITE}</link><prism:doi>10.1101/2026.01.02.123456</prism:doi></item>
<item><title>A diffusion elsewhere</title><link>https://example.org/paper</link>
<dc:creator>Ada Example</dc:creator></item>
<item><title>A diffusion as a file</title><link>https://example.org/A.PDF</link></item>
</channel></rss>
"""


def test_every_card_leads_to_its_paper(product: Product) -> None:
    product.says("/sub diffusion now")
    product.brings(paper("A diffusion", arxiv_id="2601.15529"), paper("An old diffusion", arxiv_id="hep-th/9901001"))
    product.writes("elsewhere.xml", ELSEWHERE)
    brought = product.tells("ingest", "elsewhere.xml")
    assert brought["papers"]["new"] == 4
    sent = comes(product)
    links = {}
    for number, title in re.findall(r"^(\d) (An? .*?)(?: — .*)?$", sent.text, re.MULTILINE):
        card = product.presses(number)
        links[title] = [f"{key['text']} {key['url']}" for key in card.keys if "url" in key]
    assert links == {
        "A diffusion": ["PDF https://arxiv.org/pdf/2601.15529"],
        "An old diffusion": ["PDF https://arxiv.org/pdf/hep-th/9901001"],
        "A diffusion with a DOI": ["DOI https://doi.org/10.1000/ab(c)"],
        "A diffusion of biology": [f"PDF {SITE}.full.pdf"],
        "A diffusion elsewhere": ["open https://example.org/paper"],
        "A diffusion as a file": ["PDF https://example.org/A.PDF"],
    }


def translated(identifier: str, title: str, **values: str) -> str:
    """Returns a paper of a bilingual list, with a translation and a summary in Chinese, and perhaps one in English."""
    link = f"http://arxiv.org/abs/{identifier}"
    given = dict.fromkeys(("translated_title", "translated_abstract", "tldr", "en_tdlr"), "") | values
    entry = {"title": f"{title}. (arXiv:{identifier}v1 [cs.LG])", "abstract": f"Abstract of {title}.", "link": link}
    return json.dumps({**entry, **given}, ensure_ascii=False)


def test_texts_in_the_language_of_the_chat_come_first_on_a_card(product: Product) -> None:
    both = {"tldr": "英文之前的总结。", "en_tdlr": "An English summary."}
    lists = {
        "2601.00001": translated("2601.00001", "Diffusion A", translated_abstract="译文甲。", **both),
        "2601.00002": translated("2601.00002", "Diffusion B", translated_abstract="译文乙。", en_tdlr=both["en_tdlr"]),
        "2601.00003": translated("2601.00003", "Diffusion C", tldr=both["tldr"]),
    }
    for identifier, text in lists.items():
        product.writes(f"{identifier}.json", text)
    assert product.tells("ingest", *(f"{one}.json" for one in lists), "--date", "2026-01-22")["papers"]["new"] == 3

    def shown_for(identifier: str) -> tuple[str, list[str]]:
        card = product.says(identifier)
        (more,) = {"more", "更多"} & set(card.buttons)
        return card.lines[2], [line for line in product.presses(more).lines[2:] if line]

    assert shown_for("2601.00001")[0] == "AI: An English summary."
    whole = ["Abstract", "Abstract of Diffusion C.", "In short", "AI: 英文之前的总结。"]
    assert shown_for("2601.00003") == ("Abstract of Diffusion C.", whole)
    product.says("/lang zh")
    whole = ["概要", "AI: 英文之前的总结。", "摘要译文", "译文甲。", "摘要", "Abstract of Diffusion A."]
    assert shown_for("2601.00001") == ("AI: 英文之前的总结。", whole)
    whole = ["摘要译文", "译文乙。", "概要", "AI: An English summary.", "摘要", "Abstract of Diffusion B."]
    assert shown_for("2601.00002") == ("译文乙。", whole)


def test_a_chat_that_reads_both_languages_has_the_original_title_below_its_own(product: Product) -> None:
    product.says("/lang zh")
    assert product.says("/set 内容 中英对照").lines[0] == "✓ 内容：中英对照（原为：总结）"
    product.says("/sub diffusion now")
    product.writes(
        "a.json", translated("2601.00001", "Diffusion of smoke", translated_title="烟雾的扩散", tldr="烟散。")
    )
    product.tells("ingest", "a.json", "--date", "2026-01-22")
    product.brings(paper("Diffusion of ink", arxiv_id="2601.70001"))
    sent = comes(product)
    assert [line for line in sent.lines if "iffusion of" in line or "烟" in line] == [
        "1 Diffusion of ink",
        "2 烟雾的扩散",
        "Diffusion of smoke",
        "AI: 烟散。",
    ]
    for said in (product.presses("2"), product.presses("更多"), product.says("/search smoke")):
        below = next(number for number, line in enumerate(said.lines) if line.endswith("烟雾的扩散")) + 1
        assert said.lines[below].startswith("Diffusion of smoke")
