"""preview, search, why and whynot."""

from datetime import timedelta

import pytest

from tests.papers import Paper, paper
from tests.product import Product

SAMPLES = "samples of paperwire"  # the source of the digests that the page offers until papers come

ID = "2601.00001"


def brings_at(product: Product, days: int, *papers: Paper | str) -> None:
    """Ingests papers as so many days ago."""
    product.clock.advance(timedelta(days=-days))
    product.brings(*papers)
    product.clock.advance(timedelta(days=days))


class TestToday:
    def test_it_shows_the_newest_day_or_a_week_and_marks_nothing_as_told(self, product: Product) -> None:
        brings_at(product, 2, "Diffusion of Tuesday", "Graphs")
        product.brings("Diffusion of today", "Trees")
        said = product.says("/today diffusion")
        assert said.lines[0] == "1 paper of Thu 22 Jan"
        assert "Tuesday" not in said.text
        for text in ("/today diffusion 7d", "/preview diffusion 7d", "/today graphs"):
            assert product.says(text).lines[0].endswith("in the last 7 days")
        product.says("/sub diffusion daily 13:00")
        assert "1 paper is still to come. Next: Thu 22 Jan 13:00." in product.says("/today 7d").lines
        product.says("/pause")
        assert "1 paper is still to come. This chat is paused; /resume ends that." in product.says("/today 7d").lines
        product.says("/resume")
        assert product.outbox() == []
        (came,) = product.later(hours=1)
        assert "Diffusion of today" in came.text
        assert "Nothing of it is still to come." in product.says("/today 7d").lines
        assert product.says("/today").lines[1] == "This chat has had all of them."

    def test_its_button_subscribes_exactly_that_text(self, product: Product) -> None:
        product.brings("Diffusion")
        said = product.says("/today diffusion -survey at 8")
        assert said.lines[1] == "diffusion, not survey · daily 08:00"
        done = product.presses("subscribe: daily 08:00")
        assert done.lines[0].startswith("✓ 1  diffusion, not survey · daily 08:00")

    def test_a_number_is_a_subscription_if_the_chat_has_it_else_a_query(self, product: Product) -> None:
        product.brings("Diffusion", "Chapter 2")
        product.says("/sub diffusion at 8")
        first, second = product.says("/today 1"), product.says("/today 2")
        assert ("Diffusion" in first.text, "Chapter 2" in first.text) == (True, False)
        assert "Chapter 2" in second.text
        assert second.buttons == ["1", "subscribe", "daily at 8", "mondays at 9"]

    def test_each_paper_has_a_button_with_its_number_that_opens_its_card(self, product: Product) -> None:
        product.brings("Sand one", "Moss one", "Moss two", "Moss three", "Moss four", "Moss five")
        product.says("/sub moss at 8\n/sub sand at 8")
        said = product.says("/today")
        assert said.buttons == ["1", "2", "3", "4", "5", "6"]
        (last,) = (line.removeprefix("6 ").partition(" — ")[0] for line in said.lines if line.startswith("6 Moss"))
        assert product.presses("1").lines[0].startswith("Sand one")
        product.says("/today")
        assert product.presses("6").lines[0].startswith(last)

    def test_what_it_says(self, product: Product) -> None:
        assert product.says("/today diffusion").lines[0] == "No papers are known yet."
        product.brings("Diffusion", "Graphs")
        for text, lines in [
            ("/today", ["No subscription is active here. With a query I look for that: /today diffusion"]),
            ("/today quantum", ["Nothing fits among the 2 papers of the last 7 days.", "quantum"]),
            ('/today "graph', ["1 paper of Thu 22 Jan", '"graph"', "(I closed the quotation mark.)"]),
            ("/today diffusion cat:", ["✗ cat: has nothing after it to look for.", "diffusion cat:", "          ^"]),
        ]:
            assert product.says(text).lines[: len(lines)] == lines
        assert "hourly" in product.says("/today diffusion hourly").lines[0]

    def test_the_day_is_that_of_the_digests_whatever_the_clock_of_the_chat(self, product: Product) -> None:
        product.clock.advance(timedelta(hours=-9))  # at three it is Wednesday in New York
        product.brings("Diffusion at 3")
        product.clock.advance(timedelta(hours=4))
        product.brings("Diffusion at 7")
        product.says("/set timezone America/New_York")
        assert product.says("/today diffusion").lines[0] == "2 papers of Thu 22 Jan"
        product.clock.advance(timedelta(days=9))  # days without papers
        assert product.says("/today diffusion").lines[0] == "2 papers of Thu 22 Jan"

    def test_a_subscription_that_is_gone_brings_nothing(self, product: Product) -> None:
        product.brings("Diffusion, chapter 1")
        product.says("/sub diffusion at 8")
        product.says("/unsub 1")
        assert product.presses("today's papers").toast == "This subscription is gone."


class TestSearch:
    def test_it_counts_all_and_turns_pages_in_place(self, product: Product) -> None:
        product.brings(*(f"Diffusion {n}" for n in range(13)), "Graphs")
        first = product.says("/search diffusion")
        assert first.lines[0] == "13 papers in the last 7 days"
        assert "Diffusion 12" in first.text
        assert first.buttons == ["1", "2", "3", "4", "5", "subscribe", "daily at 8", "mondays at 9", "show more"]
        product.brings("Diffusion 13", "Diffusion 14", source="later")  # papers that come meanwhile move no page
        second = product.presses("show more")
        assert second.changed
        assert second.buttons == [
            "6",
            "7",
            "8",
            "9",
            "10",
            "subscribe",
            "daily at 8",
            "mondays at 9",
            "newer",
            "show more",
        ]
        third = product.presses("show more")
        assert third.buttons == ["11", "12", "13", "subscribe", "daily at 8", "mondays at 9", "newer"]
        assert "Diffusion 0" in third.text
        assert product.presses("newer").text == second.text

    def test_what_it_says(self, product: Product) -> None:
        product.brings(paper("Diffusion", arxiv_id=ID))
        for text, first in [
            ("/search", "What shall I look for? For example: /search diffusion -survey"),
            (f"/search {ID}", "Diffusion"),
        ]:
            assert product.says(text).lines[0] == first


class TestWhy:
    def test_it_names_the_subscriptions_and_quotes_the_words(self, product: Product) -> None:
        product.brings(paper("Diffusion", arxiv_id=ID, abstract="It learns on graphs."))
        product.says("/sub diffusion daily 13:00\ngraph daily 13:00")
        assert product.says("/why").text == (
            "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
        )
        product.later(hours=1)
        said = product.says(f"/why {ID}")
        assert said.lines[0] == "It came Thu 22 Jan 13:00."
        assert all(words in said.text for words in ("1  diffusion", "2  graph", "It learns on graphs."))
        for same in (f"/why https://arxiv.org/abs/{ID}v2", f"/whynot {ID}", "/why"):
            assert said.text in product.says(same).text

    def test_without_an_id_it_is_the_last_paper_or_that_of_the_message_that_is_answered(self, product: Product) -> None:
        product.says("/sub diffusion now")
        product.brings("Diffusion one")
        (first,) = product.later(minutes=1)
        product.brings("Diffusion two")
        product.later(minutes=5)
        assert "Diffusion two" in product.says("/why").text
        assert "Diffusion one" in product.says("/why", answers=int(first.entries[0].id)).text

    def test_what_another_chat_was_told_is_nobody_elses_business(self, product: Product) -> None:
        product.telegram.knows("43")
        product.brings(paper("Diffusion", arxiv_id=ID))
        product.says("/sub diffusion -secret at 8", "43")
        assert "Diffusion" in product.says("/today", "43").text
        for text in ("/why", f"/why {ID}", f"/whynot {ID}"):
            said = product.says(text)
            assert "secret" not in said.text
            assert "It came" not in said.text

    def test_what_it_cannot_answer(self, product: Product) -> None:
        product.brings(paper("Diffusion", arxiv_id=ID))
        which = "✗ Say which paper, by its arXiv id, DOI or link."
        for text, lines in [
            ("/why diffusion", [which, "For example: /why 2601.11087"]),
            ("/save nothing of it", [which, "For example: /save 2601.11087"]),
            ("/like swarm robots", [which, "For example: /like 2601.11087"]),
            (
                "/why 2601.09999",
                ["✗ 2601.09999 is not known here.", "I know the papers that came since Thu 22 Jan 12:00."],
            ),
        ]:
            assert product.says(text).lines == lines


class TestWhynot:
    """whynot tells why a subscription does not match a paper."""

    def answer(self, product: Product) -> str:
        said = product.says(f"/whynot {ID}")
        assert said.lines[0] == f"Diffusion on graphs ({ID})"
        return said.lines[2]

    def comes(self, product: Product, kind: str = "") -> None:
        product.brings(paper("Diffusion on graphs", "cs.LG", arxiv_id=ID, abstract="A survey.", kind=kind))

    def test_the_parts_that_fail_in_the_words_of_who_typed_them(self, product: Product) -> None:
        self.comes(product)
        assert self.answer(product) == "There are no subscriptions yet."
        for query, sentence in [
            ("quantum", "lacks quantum"),
            ("diffusion -survey", "has survey, which this excludes"),
            ("graph quantum -survey", "lacks quantum, and has survey"),
            ("diffusion cat:cs.CV", "lacks category:cs.CV"),
            ("diffusion (quantum OR walk)", "lacks quantum OR walk"),
            ("diffusion -(survey graph)", "has (survey graph), which this excludes"),
        ]:
            number = product.says(f"/sub {query}").lines[0].split()[1]
            assert self.answer(product) == f"{number}  {query}: {sentence}"
            product.says("/unsub all")

    @pytest.mark.parametrize(
        ("when", "sentence"),
        [
            ("daily 13:00", "fits, and comes Thu 22 Jan 13:00"),
            ("when-out 18:00-20:00", "fits, and comes Thu 22 Jan about 18:00"),
        ],
    )
    def test_what_is_still_to_come(self, product: Product, when: str, sentence: str) -> None:
        self.comes(product)
        product.says(f"/sub diffusion {when}")
        assert self.answer(product) == f"1  diffusion: {sentence}"
        product.says("/pause 1")
        assert self.answer(product) == "1  diffusion: fits; it is paused: /resume 1"
        product.says("/pause 1 24h")
        assert self.answer(product) == "1  diffusion: fits; it is paused until Fri 23 Jan 12:00: /resume 1"
        product.says("/resume 1")
        product.says("/pause")
        assert self.answer(product) == "1  diffusion: fits; this chat is paused: /resume"

    @pytest.mark.parametrize(
        ("steps", "sentence"),
        [
            (("/sub diffusion now", "it comes"), "fits, and is about to come"),
            (("it comes", "/sub diffusion now"), "fits, but begins with what came since Thu 22 Jan 12:05"),
            (
                ("/sub quantum now", "it comes", "/edit 1 diffusion"),
                "fits now; when the paper came, it did not, the chat was set otherwise, or it was skipped",
            ),
            (
                ("it comes as replace", "/sub diffusion"),
                "fits, but only a new version of it came here, and those are not announced",
            ),
            (
                ("it comes as cross", "/sub diffusion at 8", "/set crosslists out"),
                "fits, but it is a cross-list, and this chat wants none: /set crosslists in",
            ),
        ],
    )
    def test_what_does_not_come_though_it_fits(self, product: Product, steps: tuple[str, ...], sentence: str) -> None:
        """Five minutes lie between the steps. At each step but the first, what is due is delivered."""
        for step in steps:
            if step.startswith("it comes"):
                self.comes(product, step.removeprefix("it comes").removeprefix(" as "))
            else:
                product.says(step)
            if step != steps[-1]:
                product.later(minutes=5)
        assert self.answer(product) == f"1  diffusion: {sentence}"

    def test_a_chat_that_waits_for_an_admin(self, product: Product) -> None:
        product.sets(ACCESS="ask", ADMINS="telegram:1")
        self.comes(product)
        product.says("/sub diffusion")
        assert self.answer(product) == "1  diffusion: fits; this chat waits until the operator of this bot lets it in"

    def test_the_nearest_subscriptions_come_first_and_the_far_ones_are_counted(self, product: Product) -> None:
        self.comes(product)
        product.says("/sub u v w\ndiffusion u v\ndiffusion u\ndiffusion at 8\nx\ny\nz")
        said = product.says(f"/whynot {ID}")
        assert [line.split(":")[0] for line in said.lines[2:]] == [
            "4  diffusion",
            "3  diffusion u",
            "5  x",
            "6  y",
            "7  z",
            "2 more subscriptions are further from it.",
        ]


def test_a_sample_is_marked_wherever_it_is_shown_and_goes_when_a_real_digest_comes(product: Product) -> None:
    product.brings(paper("Kelp of the sample", arxiv_id="2601.80001"), source=SAMPLES)
    product.says("/sub kelp now")
    assert "a sample" in product.says("/search kelp").text
    assert "a sample" in product.presses("1").text
    product.presses("save")
    assert "a sample" in product.says("/saved").text
    product.brings("Kelp of the sea")
    shown = product.says("/search kelp").text
    assert "Kelp of the sea" in shown
    assert "sample" not in shown
    assert "2601.80001 is not known here" in product.says("2601.80001").text
    assert "sample" not in product.says("/saved").text
