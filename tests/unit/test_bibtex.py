"""Papers as BibTeX: valid entries, unique keys, and TeX as the source wrote it."""

import re
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import export_import
from subscriptions.model import KnownPaper
from tests import make


def known(title: str = "A title", *categories: str, withdrawn: bool = False, **values: Any) -> KnownPaper:
    return KnownPaper(
        id=1,
        paper=make.paper(title, *categories, **values),
        sequence=1,
        sequenced_at=make.NOON,
        first_seen_at=make.NOON,
        day=make.NOON.date(),
        withdrawn_at=make.NOON if withdrawn else None,
    )


def read(text: str) -> list[tuple[str, dict[str, str]]]:
    """Returns (key, fields) of each entry. As in BibTeX, only braces are counted."""
    assert re.fullmatch(r"(\n?@misc\{[A-Za-z0-9:._-]+(,\n  \w+ += \{.*\})+\n\}\n)*", text)
    entries = []
    for key, whole in re.findall(r"^@misc\{([^,]+),\n(.*?)\n\}$", text, re.MULTILINE | re.DOTALL):
        fields = re.findall(r"^  (\w+) += \{(.*)\},?$", whole, re.MULTILINE)
        for _, value in fields:
            depths = [0, *accumulate({"{": 1, "}": -1}.get(character, 0) for character in value)]
            assert (min(depths), depths[-1]) == (0, 0), value
        assert len(dict(fields)) == len(fields)
        entries.append((key, dict(fields)))
    return entries


def field(name: str, **values: Any) -> str:
    ((_, fields),) = read(export_import.bibliography([known(**values)]))
    return fields.get(name, "")


def test_an_entry_says_what_arxivs_own_would() -> None:
    text = export_import.bibliography(
        [
            known(
                "Applicability of PMU Data",
                "eess.SP",
                "cs.LG",
                arxiv_id="2601.15529",
                authors=["Bowen Ou", "Bin Wang"],
                doi="10.1000/xyz",
            )
        ]
    )
    assert text == (
        "@misc{ou2026applicability,\n"
        "  author        = {Bowen Ou and Bin Wang},\n"
        "  title         = {Applicability of PMU Data},\n"
        "  year          = {2026},\n"
        "  eprint        = {2601.15529},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass  = {eess.SP},\n"
        "  doi           = {10.1000/xyz},\n"
        "  url           = {https://arxiv.org/abs/2601.15529}\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("title", "value"),
    [
        (r"On $\alpha$-divergence and $x_i^2$", r"On $\alpha$-divergence and $x_i^2$"),
        (r"H\"older spaces and {\'e}tale maps", r"H\"older spaces and {\'e}tale maps"),
        (r"{BERT} for $\{a, b\}$", r"{BERT} for $\{a, b\}$"),
        (r"R\&D at 50\%", r"R\&D at 50\%"),
        ("R&D at 50% of #1 my_name", r"R\&D at 50\% of \#1 my\_name"),
        ("E = mc^2", r"E = mc\^{}2"),
        ("It costs $5", r"It costs \$5"),
        ("It costs $5 or $6 or $7", r"It costs \$5 or \$6 or \$7"),
        ("An open { brace", "An open  brace"),
        ("A closed } brace", "A closed  brace"),
        ("The wrong } way { round", "The wrong  way  round"),
        (r"An escaped \{ brace alone", "An escaped  brace alone"),
        (r"One { of \} each", "One  of  each"),
        ("Ends with a backslash\\", "Ends with a backslash"),
        (r"Ends with a break\\", r"Ends with a break\\"),
        ("Two\nlines\tand\x00 a NUL", "Two lines and a NUL"),
        ("Bidi \u202etxet\u202c and a soft\u00adhyphen", "Bidi txet and a softhyphen"),
        ('Quotes " and @misc{x, y}', 'Quotes " and @misc{x, y}'),
        ("扩散模型的 α 与 🎉", "扩散模型的 α 与 🎉"),
        ("אלגוריתם", "אלגוריתם"),
        (r"$\frac{\mathcal{O}}{\sqrt n}$ and \emph{more}", r"$\frac{\mathcal{O}}{\sqrt n}$ and \emph{more}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input{/etc/passwd}"),
        (r"$\immediate\write18{ls}$", r"$\textbackslash{}immediate\textbackslash{}write18{ls}$"),
        (r"\verb|x| of \ours: $\alpha$", r"\textbackslash{}verb|x| of \textbackslash{}ours: $\alpha$"),
        (r"\in}put{x}", r"\textbackslash{}input{x}"),
        (r"$^^5cinput x$ and $\^^69nput x$", r"$^5cinput x$ and $\^69nput x$"),
        (r"$\text@x \@input$", r"$\textbackslash{}text@x \textbackslash{}@input$"),
        (r"\href{run:x}{y}", r"\textbackslash{}href{run:x}{y}"),
    ],
)
def test_titles_keep_tex_that_only_shows_letters(title: str, value: str) -> None:
    assert field("title", title=title) == value


@pytest.mark.parametrize(
    ("authors", "value"),
    [
        (["Jane Doe", "Hervé Öberg"], "Jane Doe and Hervé Öberg"),
        (["Doe, Jane", "Roe, R."], "Doe, Jane and Roe, R."),
        (["The ATLAS and CMS Collaborations", "Jane Doe"], "{The ATLAS and CMS Collaborations} and Jane Doe"),
        (["LIGO Collaboration"], "{LIGO Collaboration}"),
        (["others"], "{others}"),
        (["King, Martin, Luther, Jr."], "{King, Martin, Luther, Jr.}"),
        (["", "  ", "Jane Doe"], "Jane Doe"),
        (["A } B"], "A  B"),
        ([], ""),
    ],
)
def test_authors_stand_so_that_bibtex_takes_them_apart_rightly(authors: list[str], value: str) -> None:
    assert field("author", authors=authors) == value


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"authors": ["Yann LeCun"], "title": "A Path Towards Machines", "arxiv_id": "2206.00001"}, "lecun2022path"),
        ({"authors": ["Doe, Jane"], "title": "On the Use of $k$-NN", "arxiv_id": "2601.00001"}, "doe2026use"),
        ({"authors": ["Søren Müller-Łoś"], "title": "X-ray optics", "arxiv_id": "2601.00001"}, "mullerlos2026x"),
        ({"authors": ["王伟"], "title": "扩散", "arxiv_id": "2601.00001"}, "paper260100001"),
        ({"authors": ["Jane Doe"], "title": "Old days", "arxiv_id": "hep-th/9901001"}, "doe1999old"),
        ({"authors": ["Jane Doe"], "title": "Elsewhere", "arxiv_id": None, "doi": "10.1/x"}, "doeelsewhere"),
        ({"authors": [], "title": r"\textbf{Bold} claims", "arxiv_id": "2601.00001"}, "paper2026bold"),
    ],
)
def test_keys_are_what_people_expect(values: dict[str, Any], key: str) -> None:
    ((found, _),) = read(export_import.bibliography([known(**values)]))
    assert found == key


def test_keys_are_unique_whatever_the_letter_case() -> None:
    papers = [known("Diffusion", arxiv_id=f"2601.{n:05d}") for n in range(30)]
    papers.append(known("DIFFUSION", arxiv_id="2601.00099", authors=["Ada EXAMPLE"]))
    keys = [key for key, _ in read(export_import.bibliography(papers))]
    assert keys[:3] == ["example2026diffusion", "example2026diffusiona", "example2026diffusionb"]
    assert len({key.casefold() for key in keys}) == 31


def test_a_title_is_never_invented() -> None:
    ((_, fields),) = read(export_import.bibliography([known("", abstract="What it is about.", authors=())]))
    assert "title" not in fields
    assert fields["abstract"] == "What it is about."
    assert export_import.bibliography([known("", arxiv_id=None, authors=())]) == ""


def test_a_withdrawn_paper_says_so() -> None:
    assert field("note", withdrawn=True) == "Withdrawn"


def test_without_an_arxiv_id_nothing_is_said_of_arxiv() -> None:
    ((_, fields),) = read(
        export_import.bibliography([known("Elsewhere", "cs.LG", arxiv_id=None, doi="10.1101/2026.01.20.1")])
    )
    assert fields == {
        "author": "Ada Example",
        "title": "Elsewhere",
        "doi": "10.1101/2026.01.20.1",
        "url": "https://doi.org/10.1101/2026.01.20.1",
    }


@given(st.lists(st.tuples(st.text(), st.lists(st.text(), max_size=3)), max_size=4))
def test_nothing_that_a_source_can_say_breaks_the_file(found: list[tuple[str, list[str]]]) -> None:
    papers = [known(title, authors=authors, arxiv_id=f"2601.{n:05d}") for n, (title, authors) in enumerate(found)]
    entries = read(export_import.bibliography(papers))
    assert [fields["eprint"] for _, fields in entries] == [f"2601.{n:05d}" for n in range(len(found))]
    for _, fields in entries:
        value = fields.get("title", "")
        assert len(re.search(r"\\*$", value)[0]) % 2 == 0  # type: ignore[index]
        assert not set(value) & set("\n\r\x00")


PIECES_OF_TEX = st.sampled_from(
    [*"\\{}$^_@%~ ()[]", "^^5c", "input", "write18", "in", "alpha", "\\input", "\\frac", "\\(", "\\)", "\u200b", "\n"]
)


@given(st.lists(PIECES_OF_TEX, max_size=12).map("".join))
def test_no_title_runs_a_command(title: str) -> None:
    entry = export_import.bibliography([known(title, title, authors=[title], doi=title, arxiv_id=None, url=title)])
    assert set(re.findall(r"\\([A-Za-z@]+|.)", entry)) <= export_import.HARMLESS
    assert "^^" not in entry
