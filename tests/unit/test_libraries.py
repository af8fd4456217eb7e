"""Papers as BibTeX, and the libraries that Zotero, Mendeley, JabRef and Google Scholar export."""

import json
import re
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import library as files
from bot.messages import LARGEST
from bot.rendering import bibliography
from subscriptions.errors import Refused
from subscriptions.life import Article, Notice, PaperFacts, Withdrawal
from subscriptions.model import StoredPaper
from tests import tables
from tests.clock import NOON
from tests.make import paper

WITHDRAWN = PaperFacts(withdrawn=Withdrawal(at=NOON))


def known(title: str = "A title", *categories: str, withdrawn: bool = False, **values: Any) -> StoredPaper:
    return StoredPaper(
        id=1,
        paper=replace(paper(title, *categories, **values), facts=WITHDRAWN)
        if withdrawn
        else paper(title, *categories, **values),
        sequence=1,
        sequenced_at=NOON,
        first_seen_at=NOON,
        day=NOON.date(),
    )


def read(text: str) -> list[tuple[str, dict[str, str]]]:
    """Returns (key, fields) of each entry. As in BibTeX, only braces are counted."""
    assert re.fullmatch(r"(\n?@(?:misc|article)\{[A-Za-z0-9:._-]+(,\n  \w+ += \{.*\})+\n\}\n)*", text)
    entries = []
    for key, whole in re.findall(r"^@(?:misc|article)\{([^,]+),\n(.*?)\n\}$", text, re.MULTILINE | re.DOTALL):
        fields = re.findall(r"^  (\w+) += \{(.*)\},?$", whole, re.MULTILINE)
        for _, value in fields:
            depths = [0, *accumulate({"{": 1, "}": -1}.get(character, 0) for character in value)]
            assert (min(depths), depths[-1]) == (0, 0), value
        assert len(dict(fields)) == len(fields)
        entries.append((key, dict(fields)))
    return entries


def field(name: str, **values: Any) -> str:
    ((_, fields),) = read(bibliography.bibliography([known(**values)]))
    return fields.get(name, "")


# Titles keep TeX that only shows letters.
@pytest.mark.parametrize(
    ("title", "value"),
    [
        *tables.rows(r"""
            On $\alpha$-divergence and $x_i^2$            → On $\alpha$-divergence and $x_i^2$
            R&D at 50% of #1 my_name                      → R\&D at 50\% of \#1 my\_name
            An open { brace                               → An open  brace
            扩散模型的 α 与 🎉                            → 扩散模型的 α 与 🎉
            \input{/etc/passwd}                           → \textbackslash{}input{/etc/passwd}
            $\immediate\write18{ls}$                      → $\textbackslash{}immediate\textbackslash{}write18{ls}$
            $^^5cinput x$ and $\^^69nput x$               → $^5cinput x$ and $\^69nput x$
        """),
        ("Two\nlines\tand\x00 a NUL", "Two lines and a NUL"),
    ],
)
def test_a_title_keeps_what_only_shows_letters(title: str, value: str) -> None:
    assert field("title", title=title) == value


# Authors are written so that BibTeX takes them apart rightly.
@pytest.mark.parametrize(
    ("authors", "value"),
    tables.rows(r"""
        Jane Doe; Hervé Öberg                      → Jane Doe and Hervé Öberg
        Doe, Jane; Roe, R.                         → Doe, Jane and Roe, R.
        The ATLAS and CMS Collaborations; Jane Doe → {The ATLAS and CMS Collaborations} and Jane Doe
        King, Martin, Luther, Jr.                  → {King, Martin, Luther, Jr.}
                                                   →
    """),
)
def test_bibtex_takes_authors_apart_rightly(authors: str, value: str) -> None:
    assert field("author", authors=authors.split("; ") if authors else []) == value


@given(st.lists(st.tuples(st.text(), st.lists(st.text(), max_size=3)), max_size=4))
def test_nothing_that_a_source_can_say_breaks_the_file(found: list[tuple[str, list[str]]]) -> None:
    papers = [known(title, authors=authors, arxiv_id=f"2601.{n:05d}") for n, (title, authors) in enumerate(found)]
    entries = read(bibliography.bibliography(papers))
    assert [fields["eprint"] for _, fields in entries] == [f"2601.{n:05d}" for n in range(len(found))]
    for _, fields in entries:
        value = fields.get("title", "")
        assert len(re.search(r"\\*$", value)[0]) % 2 == 0  # type: ignore[index]
        assert not set(value) & set("\n\r\x00")


SAND = Article(doi="10.1234/sand.7", venue="Journal of Sand", day="2026-11-11")
CITED: list[tuple[str, dict[str, Any], str, list[str], list[str]]] = [  # paper, lines of BibTeX, lines of RIS
    (
        "the article of a preprint",
        {"arxiv_id": "2510.01234", "facts": PaperFacts(article=SAND)},
        "article",
        ["journal = {Journal of Sand}", "year = {2026}", "eprint = {2510.01234}", "doi = {10.1234/sand.7}"],
        ["TY  - JOUR", "JO  - Journal of Sand", "PY  - 2026", "DO  - 10.1234/sand.7", "AN  - arXiv:2510.01234"],
    ),
    (
        "an article",
        {"arxiv_id": None, "doi": "10.1234/sand.7", "venue": "Sand & Sea", "published": "2025-11"},
        "article",
        [r"journal = {Sand \& Sea}", "year = {2025}"],
        ["TY  - JOUR", "JO  - Sand & Sea", "PY  - 2025"],
    ),
    (
        "a preprint of a server",
        {"arxiv_id": None, "doi": "10.1101/2026.01.22.700001", "venue": "bioRxiv"},
        "misc",
        ["year = {2026}"],
        ["TY  - GEN"],
    ),
    (
        "a retracted article",
        {"arxiv_id": None, "doi": "10.1/a", "venue": "Sand", "facts": PaperFacts(retracted=Notice(doi="10.1/b"))},
        "article",
        ["note = {Retracted, see doi:10.1/b}"],
        ["N1  - Retracted, see doi:10.1/b"],
    ),
    (
        "one whose notice is not known",
        {"arxiv_id": None, "doi": "10.1/a", "facts": PaperFacts(retracted=Notice(doi="pmid:4"))},
        "misc",
        ["note = {Retracted}"],
        ["N1  - Retracted"],
    ),
]


@pytest.mark.parametrize(("_of", "values", "kind", "in_bibtex", "in_ris"), CITED, ids=[row[0] for row in CITED])
def test_export_cites_what_was_published(
    _of: str, values: dict[str, Any], kind: str, in_bibtex: list[str], in_ris: list[str]
) -> None:
    entry = re.sub(" +=", " =", bibliography.bibliography([known(**values)]))
    assert entry.startswith(f"@{kind}{{")
    assert [line for line in in_bibtex if f"  {line}" not in entry] == []
    assert {*in_ris} - {*bibliography.references([known(**values)]).splitlines()} == set()


PIECES_OF_TEX = st.sampled_from(
    [*"\\{}$^_@%~ ()[]", "^^5c", "input", "write18", "in", "alpha", "\\input", "\\frac", "\\(", "\\)", "\u200b", "\n"]
)


@given(st.lists(PIECES_OF_TEX, max_size=12).map("".join))
def test_no_title_runs_a_command(title: str) -> None:
    entry = bibliography.bibliography([known(title, title, authors=[title], doi=title, arxiv_id=None, url=title)])
    assert set(re.findall(r"\\([A-Za-z@]+|.)", entry)) <= bibliography.HARMLESS
    assert "^^" not in entry


ZOTERO_BIBTEX = r"""
@misc{mueller_swarms_2026,
	title = {Swarms of {GNNs}: {Über} {Schr{\"o}dinger} {\textendash} a {Survey}},
	url = {http://arxiv.org/abs/2601.11087},
	doi = {10.48550/arXiv.2601.11087},
	abstract = {We fly 20\% more robots, \$x = 1\$, and {\textbackslash}emph\{more\}.},
	urldate = {2026-01-24},
	publisher = {arXiv},
	author = {Müller, Anna and Doe, John},
	note = {arXiv:2601.11087 [cs]},
	keywords = {Computer Science - Robotics},
	file = {Preprint PDF:/home/anna/Zotero/storage/ABC/2601.pdf:application/pdf},
}

@inproceedings{doe_robots_2025,
	address = {New York},
	title = {Robots @ {Work}},
	doi = {10.1145/3292500.3330701},
}
"""
MENDELEY_BIBTEX = r"""Automatically generated by Mendeley Desktop 1.19
Any changes to this file will be lost if it is regenerated by Mendeley.

BibTeX export options can be customized via Options -> BibTeX in Mendeley Desktop

@article{Poincare2024,
abstract = {About curves.},
archivePrefix = {arXiv},
arxivId = {math/0211159},
author = {Poincar{\'{e}}, Henri},
eprint = {0211159},
journal = {arXiv},
title = {{The entropy formula for the Ricci flow: caf{\'{e}} edition}},
url = {http://arxiv.org/abs/math/0211159},
year = {2002}
}
"""
JABREF = r"""% Encoding: UTF-8

@String{jmlr = "Journal of Machine Learning Research"}

@Article{Lovelace2024,
  author       = {Lovelace, Ada},
  date         = {2024-01-05},
  journaltitle = jmlr,
  title        = "Engines that {W}eave",
  eprint       = {2401.00001v2},
  eprinttype   = {arxiv},
  groups       = {reading},
}

@Comment{jabref-meta: databaseType:biblatex;}
"""
SCHOLAR_BIBTEX = """@article{vaswani2017attention,
  title={Attention is all you need},
  author={Vaswani, Ashish and others},
  journal={arXiv preprint arXiv:1706.03762},
  year={2017}
}
"""
ZOTERO_RIS = """TY  - JOUR
TI  - A title that goes
on in a second line
AU  - Müller, Anna
DO  - 10.1000/ABC.1
UR  - https://doi.org/10.1000/ABC.1
AB  - What it is about.
ER  -

TY  - GEN
T1  - Another title
UR  - https://arxiv.org/abs/2601.00002
N1  - <p>my note on 2601.99999</p>
ER  -
"""
SCHOLAR_RIS = "TY  - JOUR\r\nT1  - Attention is all you need\r\nA1  - Vaswani, Ashish\r\nJO  - arXiv preprint arXiv:1706.03762\r\nER  - \r\n"
CSL = json.dumps(
    [
        {"id": "http://zotero.org/1", "type": "article", "title": "A title", "DOI": "10.48550/arXiv.2601.00003"},
        {"id": 7, "type": "article", "title": "Robots", "number": "arXiv:2601.00004", "note": "arXiv:2601.00004 [cs]"},
    ]
)


@pytest.mark.parametrize(
    ("file", "titles", "names"),
    [
        (
            ZOTERO_BIBTEX,
            ["Swarms of GNNs: Über Schrödinger \\textendash a Survey", "Robots @ Work"],
            [("2601.11087",), ("10.1145/3292500.3330701",)],
        ),
        (MENDELEY_BIBTEX, ["The entropy formula for the Ricci flow: café edition"], [("math/0211159",)]),
        (JABREF, ["Engines that Weave"], [("2401.00001",)]),
        (SCHOLAR_BIBTEX, ["Attention is all you need"], [("1706.03762",)]),
        (ZOTERO_RIS, ["A title that goes on in a second line", "Another title"], [("10.1000/abc.1",), ("2601.00002",)]),
        (SCHOLAR_RIS, ["Attention is all you need"], [("1706.03762",)]),
        (CSL, ["A title", "Robots"], [("2601.00003",), ("2601.00004",)]),
    ],
    ids=["zotero.bib", "mendeley.bib", "jabref.bib", "scholar.bib", "zotero.ris", "scholar.ris", "csl.json"],
)
@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "cp1252"])
def test_what_programs_export_is_read(file: str, titles: list[str], names: list[tuple[str, ...]], coding: str) -> None:
    read = files.read_library(file.encode(coding))
    assert [(entry.title, entry.names) for entry in read.entries] == list(zip(titles, names, strict=True))
    assert read.broken == 0


@pytest.mark.parametrize(
    ("file", "titles", "examples"),
    [
        (
            "@article{a, title = {One}}\n@article{b, title = {Two\n@article{c, title = {Three}}\n@misc{d, year = 2020}",
            ["One", "Three"],
            ["@article{b, title = {Two", "@misc{d, year = 2020}"],
        ),
        ("TY  - JOUR\nTI  - One\nTY  - JOUR\nAU  - Nobody\nER  - ", ["One"], ["TY - JOUR AU - Nobody ER -"]),
        (
            '[{"title": "One"}, 7, {"title": ["x"]}, {"title": ',
            ["One", "x"],
            ['7, {"title": ["x"]}, {"title":', '{"title":'],
        ),
        (r'[{"title": "\ud800One"}, {"title": "T\u0000wo"}]', ["One", "Two"], []),
        ("@article{a, title = {One}, title = {Again}}\n@article{a, title = {Two}}", ["One", "Two"], []),
        (
            f"@article{{a, title = {{{'{' * 5000}}}\n@article{{b, title = {{Two}}}}",
            ["Two"],
            ["@article{a, title = {{{{{{{{{{{{{{{{{{{{"],
        ),
        (
            f"@article{{a, abstract = {{{'x' * 300_000}}}}}\n@article{{b, title = {{Two}}}}",
            ["Two"],
            ["@article{a, abstract = {xxxxxxxxxxxxxxxx"],
        ),
    ],
)
def test_broken_entries_cost_no_others(file: str, titles: list[str], examples: list[str]) -> None:
    read = files.read_library(file.encode())
    assert ([entry.title for entry in read.entries], list(read.examples)) == (titles, examples)
    assert read.broken == len(examples)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7\n@article{a, title={x}}\0",
        b"[" * 1_000_000,
        b"@article{a, title=" + b"{" * 1_000_000,
        b"TY  - JOUR\n" + b"x\n" * 1_000_000,
    ],
)
def test_any_other_file_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        files.read_library(data[:LARGEST])
    assert str(refused.value).startswith(("This file is no library", "No entry of this file", "This library has"))


_PIECES = [
    b"@article{",
    b"@comment{",
    b"k,",
    b"title",
    b"=",
    b"{",
    b"}",
    b'"',
    b"\n",
    b",",
    b"\\",
    b"\xff",
    b"\0",
    b"(",
    b")",
    b"\nTY  - JOUR\n",
    b"TI  - ",
    b"\nER  - \n",
    b"[",
    b'{"title":',
    b'"x"',
    b"]",
    b"DO  - 10.1000/x\n",
    b"\xd8\x00",
    b"\r",
]


@given(
    begin=st.sampled_from([b"@article{k,\n", b"TY  - JOUR\n", b'[{"title":"x"},', b"\xff\xfe", b""]),
    pieces=st.lists(st.sampled_from(_PIECES) | st.binary(max_size=20), max_size=40),
)
def test_no_file_is_an_error(begin: bytes, pieces: list[bytes]) -> None:
    data = begin + b"".join(pieces)
    files.is_library(data)
    try:
        read = files.read_library(data)
    except Refused:
        return
    assert read.entries


def test_a_library_has_at_most_so_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 3)
    with pytest.raises(Refused, match="more than 3 entries"):
        files.read_library(b"@article{a, title = {More}}\n" * 4)
