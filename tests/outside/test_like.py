"""/like, [more like this] and `like:`: the stored papers that are nearest in meaning to one paper, or to several."""

from datetime import timedelta

import pytest

from tests.papers import paper
from tests.product import Product, Seen

GIVEN, OTHER = "2601.90001", "2601.90002"
REFUSED = "✗ I do not know the paper 2601.90009 yet, so I cannot tell what is near to it."
OTHERS = [f"{word} theory" for word in ("Graph", "Ring", "Path", "Walk", "Cut", "Clique", "Tree", "Plane")]
OFF = [
    "✗ Meaning is off here, so I cannot tell what is near to “{}”.",
    "Write it in words, or ask the operator to turn meaning on.",
]

pytestmark = pytest.mark.usefixtures("meaning")


def titles(said: Seen) -> list[str]:
    return [line.partition(" — ")[0].partition(" ")[2] for line in said.lines if line[:1].isdigit() and " — " in line]


@pytest.fixture
def knowing(product: Product) -> Product:
    """A bot that knows two papers and one near to each."""
    near = paper("A swarm of robots flies", arxiv_id="2601.90003"), paper("Fish in a reef", arxiv_id="2601.90004")
    product.brings(
        paper("Swarm robots", arxiv_id=GIVEN),
        paper("Reef fish", arxiv_id=OTHER),
        *near,
        *(paper(one) for one in OTHERS),
    )
    return product


def test_the_nearest_papers_are_shown_and_can_be_brought(knowing: Product) -> None:
    said = knowing.says(f"/like {GIVEN}")
    assert said.lines[0] == f"Nearest to Swarm robots ({GIVEN}):"
    assert titles(said) == ["A swarm of robots flies"]
    assert said.buttons == ["1", "bring such papers"]
    assert knowing.presses("1").lines[0] == "A swarm of robots flies"
    several = knowing.says(f"/like https://arxiv.org/abs/{GIVEN}v2, {OTHER}")
    assert sorted(titles(several)) == ["A swarm of robots flies", "Fish in a reef"]
    knowing.presses("bring such papers")
    assert knowing.queries() == [f"like:{GIVEN},{OTHER}"]
    knowing.presses("undo")
    assert knowing.queries() == []


def test_why_a_paper_is_not_like_itself(knowing: Product) -> None:
    knowing.says(f"/sub like:{GIVEN} daily 9")
    told = knowing.says(f"/why {GIVEN}").lines[2]
    assert told == f"1  like:{GIVEN}: lacks like:{GIVEN} (never the paper itself)"


def test_a_card_has_a_button_for_it(knowing: Product) -> None:
    knowing.says("/sub ti:robots ti:swarm -flies now")
    assert titles(knowing.presses("similar")) == ["A swarm of robots flies"]


def test_five_at_most_the_nearest_first(product: Product) -> None:
    product.brings(paper("Swarm robots", arxiv_id=GIVEN), "Swarm robots fly")
    product.brings(*(f"Swarm {word.lower()}" for word in OTHERS))
    found = titles(product.says(f"/like {GIVEN}"))
    assert (len(found), found[0]) == (5, "Swarm robots fly")


def test_where_none_is_near_or_none_is_named_it_says_so(product: Product) -> None:
    product.brings(paper("Swarm robots", arxiv_id=GIVEN), *OTHERS)
    assert product.says(f"/like {GIVEN}").lines == [f"Nothing is near to Swarm robots ({GIVEN})."]
    assert product.says("/like").lines == ["Papers near to which one? Send its arXiv id, DOI or link."]
    assert "2601.90009" in product.says("/like 2601.90009").text


def test_papers_that_were_only_filed_are_looked_at_too(knowing: Product) -> None:
    """Most papers of a new bot arrived at its first start and were sent to no chat."""
    day = (knowing.clock.now() - timedelta(days=30)).date()
    line = '{"id": "2512.00001", "title": "Robots in a swarm land", "authors": ["Ada Example"], "categories": ["cs.LG"], "summary": ""}'  # fmt: skip
    knowing.writes(f"old/{day}.jsonl", line + "\n")
    assert knowing.tells("ingest", "old")["archived"] == 1
    assert sorted(titles(knowing.says(f"/like {GIVEN}"))) == ["A swarm of robots flies", "Robots in a swarm land"]


def test_what_comes_is_explained_and_the_rest_is_behind_a_button(knowing: Product) -> None:
    knowing.says(f"/sub like:{GIVEN} now")
    knowing.brings(*(f"Swarm robots {number}" for number in range(7)), "Bees")
    (sent,) = knowing.later(minutes=1)
    assert sent.lines[-1] == f"and 2 more in “like:{GIVEN}”"
    assert sent.buttons == ["1", "2", "3", "4", "5", "show 2 more"]
    said = knowing.says("/why")
    assert f"In meaning related to “Swarm robots ({GIVEN})”." in said.lines
    assert f"1  like:{GIVEN}" in said.lines
    knowing.presses("1")
    assert f"In meaning related to “Swarm robots ({GIVEN})”." in knowing.presses("why").lines


def test_a_paper_that_is_not_known_is_told(knowing: Product) -> None:
    for typed in ("/sub {}", "/preview {}", "/search {}", "{}", "{} cat:cs.CL"):
        assert REFUSED in knowing.says(typed.format("like:2601.90009")).lines


def test_it_is_tried_searched_edited_and_removed(knowing: Product) -> None:
    both = ["A swarm of robots flies", "Fish in a reef"]
    assert sorted(titles(knowing.says(f"/search like:{GIVEN},{OTHER}"))) == both
    tried = knowing.says(f"like:{GIVEN},{OTHER}")
    assert (tried.lines[0], tried.buttons[-3:]) == (
        "2 papers in the last 7 days",
        ["subscribe", "daily at 8", "mondays at 9"],
    )
    knowing.presses("subscribe")
    assert knowing.queries() == [f"like:{GIVEN},{OTHER}"]
    knowing.says(f"/edit 1 robots like:{GIVEN} -fish")
    assert knowing.queries() == [f"robots like:{GIVEN} -fish"]
    knowing.says(f"/unsub robots like:{GIVEN} -fish")
    assert knowing.queries() == []


def test_where_meaning_is_off_it_is_refused_and_what_is_stored_rests(knowing: Product) -> None:
    knowing.says(f"/sub like:{GIVEN} now")
    knowing.says(f"/sub fish -like:{GIVEN} now")
    knowing.sets(MEANING="off")
    for typed in (f"/sub like:{OTHER}", f"/preview like:{OTHER}", f"/search like:{OTHER}", f"/edit 1 like:{OTHER}"):
        assert knowing.says(typed).lines == [OFF[0].format(OTHER), OFF[1]]
    assert knowing.says(f"/like {OTHER}").lines == [OFF[0].format("Reef fish"), OFF[1]]
    rests = [line for line in knowing.says("/list").lines if line.endswith("rests: meaning is off here")]
    assert len(rests) == 2
    knowing.brings("Swarm robots fly")
    assert not knowing.later(minutes=1)


def test_an_import_keeps_a_paper_that_is_not_known_yet(knowing: Product) -> None:
    file = knowing.writes("kept.txt", "now | like:2601.90009 | \n")
    assert knowing.runs("import", str(file), "--as", "telegram:42").status == 0
    assert knowing.says("/list").lines[1].endswith("rests until its meaning is known")
    knowing.brings(paper("Moss on walls", arxiv_id="2601.90009"), "Moss on a wall")
    assert [entry for entry in knowing.later(minutes=1) if "Moss on a wall" in entry.text]
    assert "rests" not in knowing.says("/list").text
