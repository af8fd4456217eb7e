"""The parts that all formats share: decoding, keys, names, languages, days, warnings, and the choice of a format."""

import hashlib
from datetime import date

import pytest

from bot import digests
from bot.digests import (
    _arxiv,
    _dates,
    _days,
    _dois,
    _languages,
    _lines,
    _names,
    _no_papers,
    _papers,
    _plain_text,
    _warnings,
)
from bot.errors import BrokenDigest, UnknownFormat
from subscriptions.model import Announce
from tests import tables

GROUP = "We fly a kite.\n我们放风筝。\nhttps://arxiv.org/abs/2601.01001\n"


@pytest.mark.parametrize(
    ("text", "arxiv_id", "version"),
    tables.rows("""
        2601.15529                                            → 2601.15529       →
        2601.15529v2                                          → 2601.15529       → 2
        http://arxiv.org/abs/2601.15529                       → 2601.15529       →
        https://arxiv.org/abs/2601.15529v12                   → 2601.15529       → 12
        http://arxiv.org/pdf/2601.15529v1                     → 2601.15529       → 1
        https://arxiv.org/pdf/2601.15529.pdf                  → 2601.15529       →
        https://www.arxiv.org/html/2601.15529v3               → 2601.15529       → 3
        https://export.arxiv.org/abs/2601.15529               → 2601.15529       →
        HTTPS://ArXiv.org/abs/2601.15529                      → 2601.15529       →
        oai:arXiv.org:2203.01250v3                            → 2203.01250       → 3
        arXiv:2601.15529                                      → 2601.15529       →
        https://doi.org/10.48550/arXiv.2601.15529             → 2601.15529       →
        0704.0001                                             → 0704.0001        →
        1412.9999                                             → 1412.9999        →
        math.GT/0309136                                       → math/0309136     →
        https://arxiv.org/pdf/cond-mat.mes-hall/0309136v2.pdf → cond-mat/0309136 → 2
        https://arxiv.org/abs/hep-th/9901001v2                → hep-th/9901001   → 2
        # Five digits since 2015: the last one was cut off.
        2601.1552                                             →                  →
        2601.155                                              →                  →
        2601.155299                                           →                  →
        https://arxiv.org/abs/                                →                  →
        https://arxiv.org/list/cs.LG/new                      →                  →
        https://example.org/abs/2601.15529                    →                  →
        https://doi.org/10.1234/2601.15529                    →                  →
        abs/0309136                                           →                  →
        hep-th/990100                                         →                  →
        see 2601.15529                                        →                  →
                                                              →                  →
    """),
)
def test_an_id_is_found_in_all_its_forms(text: str, arxiv_id: str, version: str) -> None:
    assert _arxiv.arxiv_address(text) == ((arxiv_id, int(version) if version else None) if arxiv_id else None)


def _h(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (
            {"arxiv_id": "2601.15529", "doi": "10.1101/2026.01.22", "title": "A Kite", "abstract": "It flies."},
            "2601.15529",
        ),
        ({"doi": "10.1101/2026.KITE", "title": "A Kite"}, "10.1101/2026.kite"),
        ({"title": "A Kite", "abstract": "It flies."}, "title:" + _h("a kite")),
        ({"abstract": " It \n flies. "}, "abstract:" + _h("It flies.")),
        ({"title": " ", "abstract": ""}, None),
    ],
)
def test_a_key_is_the_first_thing_that_names_the_paper(facts: dict[str, str], key: str | None) -> None:
    assert _papers.paper_key(**facts) == key


@pytest.mark.parametrize("title", ["A Kite", "a  KITE", " A\nkite ", "Ａ Ｋｉｔｅ", "A\u00a0Kite"])
def test_titles_that_read_the_same_have_one_key(title: str) -> None:
    assert _papers.paper_key(title=title) == "title:" + _h("a kite")


@pytest.mark.parametrize(
    ("written", "read"),
    tables.rows(r"""
        Paulo Andr\'e                                                → Paulo André
        Anders S{\o}gaard                                            → Anders Søgaard
        Igor Jovan\v{c}evi\'c                                        → Igor Jovančević
        Jan Jakub\r{u}v, Mikol\'a\v{s}                               → Jan Jakubův, Mikoláš
        Hendrik Kra{\ss}                                             → Hendrik Kraß
        In\`es, J\"org, J{\"o}rg, J\"{o}rg, {J\"{o}rg}               → Inès, Jörg, Jörg, Jörg, Jörg
        S\o ren \L ukasz {\AA}sa                                     → Søren Łukasz Åsa
        Mar\'{\i}a, Mar\'\i a                                        → María, María
        Erd\H{o}s \c{C}elik \k{a} \u{g} \=a \.z \~n \^o \d{s} \b{d} \c c → Erdős Çelik ą ğ ā ż ñ ô ṣ ḏ ç
        J.~Doe                                                       → J. Doe
        {van der} Berg                                               → van der Berg
        Timo O'Dell                                                  → Timo O'Dell
        \unknown{x} Doe                                              → \unknownx Doe
        Zoë                                                          → Zoë
    """),
)
def test_accents_of_tex_are_letters(written: str, read: str) -> None:
    assert _names.decode_accents(written) == read


def test_no_name_is_lost_in_a_list_of_574() -> None:
    names = tuple(f"Person {n}" for n in range(574))
    page = f"### [1] [Many](https://arxiv.org/abs/2601.00001)\n*{','.join(names)}*\n\nMain category: hep-ex\n"
    (paper,) = digests.read_digest(page.encode(), "many.md").entries
    assert paper.authors == names


@pytest.mark.parametrize(
    ("written", "names"),
    [
        *tables.rows("""
            A. One, B. Two and C. Three                                            → A. One + B. Two + C. Three
            A. One, B. Two, & Andy Sand                                            → A. One + B. Two + Andy Sand
            [A. One](https://a.example/x(y),z), <a href='https://b.example'>B. Two</a> → A. One + B. Two
            The KITE and SAND Collaborations, A. One                               → The KITE and SAND Collaborations + A. One
            Sand & Water Team and A. One                                           → Sand + Water Team + A. One
            A. One and the KITE Collaboration                                      → A. One + the KITE Collaboration
            Martin One, Jr., 王伟、李雷                                            → Martin One, Jr. + 王伟 + 李雷
        """),
        (" Some Labs,: , A Person,,", "Some Labs + A Person"),
    ],
)
def test_names_are_split_also_at_and_and_read_in_links(written: str, names: str) -> None:
    assert " + ".join(_names.split_authors(written)) == names


EMPTY_TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n\nHeute nichts.\n\n# 详细\n"
QUIET = "<!DOCTYPE html><html><body><div id='dlpage'><h1>Catchup results for Kites on Sat, 28 Nov 2026</h1><p>Nothing.</p></div></body></html>"


@pytest.mark.parametrize(
    ("page", "format_", "day"),
    [
        ("# No kites were seen today\n", "daily_arxiv_md", None),
        ("# 今天没有关于风筝的论文", "daily_arxiv_md", None),
        ("# 오늘 새 논문이 없습니다\n", "daily_arxiv_md", None),
        ("## Сегодня статей нет\n", "daily_arxiv_md", None),
        ("# AI-Enhanced arXiv Daily 2026-11-25\n\nHeute gibt es keine Arbeiten.\n", "daily_arxiv_md", "2026-11-25"),
        ("# Artículos de arXiv, 2026-11-25\n\n> Hoy no hay artículos.\n", "daily_arxiv_md", "2026-11-25"),
        ("# Drachen am 2026-11-25\n\n### Keine\n", "daily_arxiv_md", "2026-11-25"),
        ("# 每日论文 2026-11-25\n\n**没有风筝。**\n", "daily_arxiv_md", "2026-11-25"),
        ("## Total Papers Today: 0\n**Report Date:** 2026-11-25\n\n### Rien\n\nÀ demain.\n", "daily_arxiv_md", "2026-11-25"),
        (EMPTY_TABLE, "bilingual_md", None),
        (QUIET, "arxiv_listing_html", "2026-11-28"),
        *(
            (page, None, None)
            for page in [
                "# Kites\n", "# Table of Contents\n", "# Kites\n\nThis folder keeps kites.\n", "No kites were seen today.\n",
                "# Meeting of 2026-11-25\n\nWe flew kites.\n", "# How to fly a kite\n\n```\npull\n```\n", "# Read [the page](kites.md) first\n",
                "# AI-Enhanced arXiv Daily 2026-11-25\n\n## 1. A kite of tomorrow\nIt is written otherwise.\n",
                "# AI-Enhanced arXiv Daily 2026-11-25\n\n### [1] A kite without an address\n", EMPTY_TABLE.replace("Heute", "| Heute"),
                QUIET.replace("<p>", "<dl><dt>A kite</dt></dl><p>"), QUIET.replace("</body></html>", ""),
                QUIET.replace("<p>", "<h3>New submissions (showing 2 of 2 entries)</h3><p>"),
            ]
        ),
    ],
)  # fmt: skip
def test_an_empty_day_is_known_by_its_structure(page: str, format_: str | None, day: str | None) -> None:
    if format_ is None:
        with pytest.raises((BrokenDigest, UnknownFormat)):
            digests.read_digest(page.encode(), "page")
        return
    read = digests.read_digest(page.encode(), "page")
    assert (read.format, read.entries, read.day and read.day.isoformat()) == (format_, (), day)
    assert [warning.code for warning in read.warnings] == ["empty_digest"]


@pytest.mark.parametrize(
    "page",
    [
        "### [1] [Kites](https://arxiv.org/abs/math.GT/0309136)\n*[A. One](https://a.example), B. Two & C. Three*\n\nTL;DR: They fly.\n",
        '{"id": "math.GT/0309136", "title": "Kites", "summary": "They fly.", "authors": ["[A. One](https://a.example)", "B. Two and C. Three"]}',
        ('<rss><channel><title>a on arXiv.org</title><item><title>Kites</title><guid>oai:arXiv.org:math.GT/0309136v1</guid>'
        '<creator xmlns="http://purl.org/dc/elements/1.1/">&lt;a href="x"&gt;A. One&lt;/a&gt; (Inst), B. Two and C. Three</creator></item></channel></rss>'),
        "They fly.\n飞。\nhttps://arxiv.org/abs/math.GT/0309136v2\n",
    ],
    ids=["md", "lines", "rss", "groups"],
)  # fmt: skip
def test_each_reader_reads_an_id_with_a_class_and_all_names(page: str) -> None:
    (paper,) = digests.read_digest(page.encode(), "page").entries
    assert (paper.key, paper.arxiv_id, paper.url) == (*("math/0309136",) * 2, "https://arxiv.org/abs/math/0309136")
    assert paper.authors in ((), ("A. One", "B. Two", "C. Three"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A Name (Inst X, Inst Y), B Name", "A Name , B Name"),
        ("A (1 (on behalf of B, C), 2), D (3)", "A , D "),
        ("A (not closed, B", "A (not closed, B"),
        ("A) not opened, B", "A) not opened, B"),
    ],
)
def test_affiliations_go_and_names_stay(written: str, kept: str) -> None:
    assert _names.without_affiliations(written) == kept


@pytest.mark.parametrize(
    ("written", "names", "not_shown"),
    [
        *tables.rows(r"""
            A. One, B. Two and C. Three                                          → A. One + B. Two + C. Three              → all shown
            A. One, B. Two, and C. Three                                         → A. One + B. Two + C. Three              → all shown
            A. One and B. Two                                                    → A. One + B. Two                         → all shown
            A. One                                                               → A. One                                  → all shown
            Andy Sandler, Roland Andersen                                        → Andy Sandler + Roland Andersen          → all shown
            A. One (1 and 2), B. Two (3, for X and Y) ((1) In C, D, (2) E and F) → A. One + B. Two                         → all shown
            A. One (not closed, B. Two                                           → A. One (not closed + B. Two             → all shown
            A. One, et al. (84 additional authors not shown)                     → A. One                                  → 84 not shown
            A. One et al                                                         → A. One                                  → some not shown
            A. Alet, B. Metal                                                    → A. Alet + B. Metal                      → all shown
            The XYZ Collaboration: A. One, B. Two                                → The XYZ Collaboration + A. One + B. Two → all shown
            XYZ Collaboration, :, A. One                                         → XYZ Collaboration + A. One              → all shown
            A. One; B. Two                                                       → A. One + B. Two                         → all shown
            A. One, Jr., B. Two III, C. Three, IV                                → A. One, Jr. + B. Two III + C. Three, IV → all shown
            J.\,K.~One, M{\aa}ns {\O}hm and Jos\'e Mar\'{\i}a                    → J. K. One + Måns Øhm + José María       → all shown
                                                                                 →                                         → all shown
        """),
        ("A. One, B. Two, et\n  al. (1 additional author not shown)", "A. One + B. Two", "1 not shown"),
        (" , and ", "", "all shown"),
    ],
)
def test_a_list_of_names_in_a_mail_is_split(written: str, names: str, not_shown: str) -> None:
    found, others = _names.split_listed(written)
    assert (" + ".join(found), "all shown" if others is None else f"{others or 'some'} not shown") == (names, not_shown)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        *tables.rows("""
            10.1101/2025.01.10.632001                       → 10.1101/2025.01.10.632001
            https://doi.org/10.1000.10/123(a)               → 10.1000.10/123(a)
            doi:10.48550/arXiv.2601.00001                   → 10.48550/arxiv.2601.00001
            10.5802/KITE.257., 10.1000/two                  → 10.5802/kite.257
            10.5802/(SICI)10(1998)49:8<6::AID-A>3.0.CO;2-O; → 10.5802/(sici)10(1998)49:8<6::aid-a>3.0.co;2-o
            https://doi.org/10.5802%2FKITE.257              → 10.5802/kite.257
            10.5802/100%25                                  → 10.5802/100%25
            10.5802/...                                     →
            NA                                              →
            10.1101                                         →
            110.1101/2                                      →
                                                            →
        """),
        (" 10.5802/KITE.257 10.1000/two", "10.5802/kite.257"),
    ],
)
def test_a_doi_is_found_in_small_letters(text: str, doi: str) -> None:
    assert (_papers.doi_of(text) or "") == doi


@pytest.mark.parametrize(
    ("text", "day"),
    tables.rows("""
        Date: Fri,  3 Mar 23 01:29:12 GMT → 2023-03-03
        Fri, 3 Mar 2023                   → 2023-03-03
        Thu, 31 Dec 92                    → 1992-12-31
        Thursday, 22 January 2026         → 2026-01-22
        Fri, 31 Feb 2023                  →
        Fri, 3 Mrz 2023                   →
        Fri, 3 Mar 20233                  →
        13 Mar 0000                       →
                                          →
    """),
)
def test_a_day_in_english_words_is_a_day(text: str, day: str) -> None:
    assert str(_days.day_in_words(text) or "") == day


def test_only_categories_of_arxiv_are_categories() -> None:
    names = [
        "cs.AI",
        "I.7.5; I.2.1",
        "math-ph",
        "68T05",
        "N/A",
        "{cate}",
        "Uncategorized",
        "cond-mat.mes-hall",
        "q-bio.NC",
        "cs.AI",
        " hep-th",
    ]
    assert _arxiv.categories_of(names) == ("cs.AI", "math-ph", "cond-mat.mes-hall", "q-bio.NC", "hep-th")


def test_an_announcement_is_taken_off() -> None:
    found, text = _arxiv.split_announcement("arXiv:2605.06185v2 Announce Type: replace \nAbstract: Kites.")
    assert found is not None
    assert (found.arxiv_id, found.version, found.kind, text) == ("2605.06185", 2, Announce.REPLACE, "Kites.")
    assert _arxiv.split_announcement("Kites. arXiv:2605.06185v2 Announce Type: new Abstract: no")[0] is None


@pytest.mark.parametrize(
    ("title", "plain", "version", "categories", "kind"),
    [
        *tables.rows("""
            A Kite. (arXiv:2304.09848v1 [cs.CL])                          → A Kite                           → 1 → cs.CL   →
            A Kite. (arXiv:2304.09848v1 [math.GR] CROSS LISTED)           → A Kite                           → 1 → math.GR → cross
            A Kite (arXiv:2304.09848 [68T05])                             → A Kite                           →   →         →
            (arXiv:2304.00001v1 [cs.CL]) and (arXiv:2304.09848v1 [cs.CL]) → (arXiv:2304.00001v1 [cs.CL]) and → 1 → cs.CL   →
        """),
        ("Is it a\n Kite?. (arXiv:2304.09848v12 [cs.IR] UPDATED)", "Is it a Kite?", "12", "cs.IR", "replace"),
    ],
)
def test_an_announcement_is_taken_off_the_end_of_a_title(
    title: str, plain: str, version: str, categories: str, kind: str
) -> None:
    found, rest = _arxiv.split_title(title)
    assert found is not None
    assert (rest, found.arxiv_id, str(found.version or "")) == (plain, "2304.09848", version)
    assert (" ".join(found.categories), found.kind or "") == (categories, kind)


@pytest.mark.parametrize(
    "title",
    [
        "A Kite.",
        "A Kite (arXiv:2304.09848v1 [cs.CL]",
        "A Kite (arXiv:2304.9848v1 [cs.CL])",
        "A (arXiv:2304.09848v1 [cs.CL]) Kite",
        "",
    ],
)
def test_a_title_without_announcement_stays(title: str) -> None:
    assert _arxiv.split_title(title) == (None, title)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("arXiv:2403.05003v2 公告类型：替换-交叉 摘要：风筝。", "风筝。"),
        ("摘要：arXiv:2403.05003v2 公告类型：新 摘要：风筝。", "风筝。"),
        ("ArXiv：2403.05003v2 公告类型：替换 摘要：风筝。", "风筝。"),
        ("摘要： 风筝。", "风筝。"),
        ("风筝的摘要：没有。", "风筝的摘要：没有。"),
        ("arXiv:2403.05003v2 上的风筝。", "arXiv:2403.05003v2 上的风筝。"),
    ],
)
def test_a_translated_announcement_is_taken_off(text: str, plain: str) -> None:
    assert _arxiv.without_translated_announcement(text) == plain


@pytest.mark.parametrize(
    ("text", "day"),
    tables.rows("""
        发布时间：2024年10月29日 → 2024-10-29
        2024年1月9日             → 2024-01-09
        2024年13月40日           →
        2024年10月               →
        2024-10-29               →
    """),
)
def test_a_chinese_day_is_a_day(text: str, day: str) -> None:
    assert str(_days.day_in_chinese(text) or "") == day


@pytest.mark.parametrize(
    ("text", "language"),
    tables.rows("""
        A kite.              → en
        Một con diều — α, é  → en
        风筝                 → zh
        A model, called 模型 → zh
        モデルを提案         → ja
        모델                 → ko
        提案 ・ 模型         → zh
        → en
    """),
)
def test_script_tells_the_language(text: str, language: str) -> None:
    assert _languages.language_of(text) == language


@pytest.mark.parametrize(
    ("name", "day"),
    tables.rows(r"""
        2026-01-22.md                                → 2026-01-22
        inbox/daily_2026-01-22_zh.md                 → 2026-01-22
        C:\inbox\2026-01-22.md                       → 2026-01-22
        https://example.org/2025-12-31/2026-01-22.md → 2026-01-22
        2026-01-22/daily.md                          →
        2026-01-22_2026-01-23.md                     →
        12026-01-22.md                               →
        2026-02-30.md                                →
        daily.md                                     →
    """),
)
def test_a_file_name_tells_the_day_if_it_holds_just_one(name: str, day: str) -> None:
    assert str(_days.day_in_name(name) or "") == day


@pytest.mark.parametrize(
    ("stamp", "day"),
    tables.rows("""
        Sat, 01 Aug 2026 00:00:00 -0400              → 2026-08-01
        Fri, 23 Feb 2024 05:00:11 +0000              → 2024-02-23
        Fri, 23 Feb 2024 04:59:59 +0000              → 2024-02-22
        23 Feb 2024 05:00:11 +0000                   → 2024-02-23
        2025-08-20T04:00:19.866337+00:00             → 2025-08-20
        2025-08-20T03:59:59Z                         → 2025-08-19
        2025-08-20T03:59:59                          → 2025-08-19
        yesterday                                    →
        Fri, 99 Feb 2024 05:00:11 +0000              →
        0001-01-01T00:00:00Z                         →
        Thu, 22 Jan 2026 00:00:00 +99999999999999999 →
        Thu, 22 Jan 7026000900:00 80500              →
                                                     →
    """),
)
def test_the_day_of_a_feed_is_that_of_new_york(stamp: str, day: str) -> None:
    assert str(_days.arxiv_day(stamp) or "") == day


DATED = b"# AI-Enhanced arXiv Daily 2026-01-24\n\n### none\n"


@pytest.mark.parametrize(
    ("data", "name", "given", "day"),
    [
        (DATED, "2026-01-01.md", date(2025, 5, 5), date(2026, 1, 24)),
        (GROUP.encode(), "2026-01-01.txt", None, date(2026, 1, 1)),
        (GROUP.encode(), "2026-01-01.txt", date(2025, 5, 5), date(2026, 1, 1)),
        (GROUP.encode(), "list.txt", date(2025, 5, 5), date(2025, 5, 5)),
        (GROUP.encode(), "list.txt", None, None),
    ],
)
def test_the_day_is_the_documents_then_its_names_then_given(
    data: bytes, name: str, given: date | None, day: date | None
) -> None:
    assert digests.read_digest(data, name, day=given).day == day


def test_a_day_that_was_overruled_or_is_that_of_the_name_is_told() -> None:
    asked = digests.read_digest(DATED, "2026-01-01.md", day=date(2025, 5, 5))
    assert "date_overruled" in [one.code for one in asked.warnings]
    same = digests.read_digest(DATED, "2026-01-01.md", day=date(2026, 1, 24))
    assert [warning.code for warning in same.warnings] == ["empty_digest"]
    named = digests.read_digest(GROUP.encode(), "2026-01-01.txt")
    assert [warning.code for warning in named.warnings] == ["date_from_name"]


def test_the_language_of_the_source_wins_over_the_script() -> None:
    page = "### [1] [T](https://arxiv.org/abs/2601.00001)\n*A*\n\nTL;DR: Un cerf-volant.\n\nAbstract: A kite.\n\n</details>\n"
    assert digests.read_digest(page.encode(), "x", language="fr").entries[0].summaries[0].language == "fr"
    assert digests.read_digest(GROUP.encode(), "x", language="yue").entries[0].translations[0].language == "yue"
    both = '{"title": "Kites", "abstract": "", "link": "https://arxiv.org/abs/2601.00001", "tldr": "They fly.", "en_tdlr": "Kites fly."}'
    (paper,) = digests.read_digest(both.encode(), "x", language="en").entries
    assert [one.fields["tldr"] for one in paper.summaries] == ["They fly."]


def test_bytes_become_text_line_by_line() -> None:
    assert _plain_text.plain_text(b"\xef\xbb\xbfa\r\nb\rc\n\xef\xbb\xbfd", _warnings.Warnings()) == "a\nb\rc\nd"
    assert _plain_text.plain_text(b"a\r\r\n\r\r\nb\rc", _warnings.Warnings()) == "a\n\nb\rc"
    assert _lines.collapse(" a\t\nb\u3000c\u2028d\x1ce ") == "a b c d e"
    for data in (b"\xff\xfea\x00", b"a\0b", b"\xe9", "é".encode()[:1], b"\xed\xa0\x80"):
        with pytest.raises(_plain_text.NotText):
            _plain_text.plain_text(data, _warnings.Warnings())


def test_control_characters_are_counted() -> None:
    warnings = _warnings.Warnings()
    assert _plain_text.plain_text("one\n\ttwo\nth\x08ree\x7f\x9f\ufffe\tx".encode(), warnings) == "one\n\ttwo\nthree\tx"
    (found,) = warnings.collected()
    assert (found.code, found.count) == ("control_characters", 5)


def test_the_hash_is_that_of_the_bytes() -> None:
    data = b"\xef\xbb\xbf" + GROUP.encode()
    assert digests.read_digest(data, "x").content_hash == hashlib.sha256(data).hexdigest()


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenDigest, match=r"^big\.md: larger than 64 MiB\.$"):
        digests.read_digest(bytes(digests.MAX_BYTES + 1), "big.md")


def test_signs_of_a_page_that_end_with_a_semicolon_do_not_separate_anything() -> None:
    with pytest.raises(UnknownFormat, match="no paper entries found"):
        digests.read_digest(b"<html>" + b"&lt;" * 150_000, "page.html")
    with pytest.raises(BrokenDigest, match="more commas than text"):
        digests.read_digest(b"page " + b"&lt;" * 150_000, "page.txt")


PAIR = b"A Kite\nIt flies over the hill and far away.\n"


@pytest.mark.parametrize(
    ("data", "name", "named", "error", "why"),
    [
        (PAIR, "page.txt", None, UnknownFormat, r"^page\.txt: "),
        (b"A title that is longer\nthan this\n", "list.txt", "hf_text", BrokenDigest, r"^list\.txt: In line 1 "),
        (GROUP.encode(), "list.txt", "daily_arxiv_md", BrokenDigest, r"^list\.txt: No entry can be read, and line 1 "),
        (b"Two\nlines\n", "list.txt", "bilingual3", UnknownFormat, r"expected one of: bilingual3\.$"),
        (GROUP.encode(), "list.txt", "kite_json", UnknownFormat, r"“kite_json” is not a format; known: arxiv_rss, "),
        *(
            (b"# About\n", "README.md", one.name, (UnknownFormat, BrokenDigest), r"^README\.md: ")
            for one in digests.FORMATS
        ),
    ],
)
def test_a_format_is_never_guessed(data: bytes, name: str, named: str | None, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        digests.read_digest(data, name, format=named)


def test_a_named_format_narrows() -> None:
    assert [paper.title for paper in digests.read_digest(PAIR, "page.txt", format="hf_text").entries] == ["A Kite"]


def test_an_error_names_the_file_once_and_what_it_looks_like() -> None:
    with pytest.raises(UnknownFormat) as caught:
        digests.read_digest(b"# About\n\nSee [this](https://arxiv.org/abs/2601.15529).\n", "digests/notes.md")
    assert str(caught.value) == (
        'digests/notes.md: no paper entries found (looks like a README: "# About"); '
        f"expected one of: {', '.join(module.name for module in digests.FORMATS)}."
    )


FEED = "<rss version='2.0'><channel><title>x updates on arXiv.org</title>"
FEED_ITEM = "<item><title>T {0}</title><guid>oai:arXiv.org:2601.{0:05}v1</guid></item>"


def test_a_feed_at_its_limit_may_have_been_cut() -> None:
    feed = FEED + "".join(map(FEED_ITEM.format, range(2000))) + "</channel></rss>"
    digest = digests.read_digest(feed.encode(), "feed.xml")
    assert len(digest.entries) == 2000
    assert [(warning.code, warning.count) for warning in digest.warnings] == [("possibly_capped", 2000)]


def test_a_hostile_document_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.digests._xml._MOST_ELEMENTS", 50)
    digest = digests.read_digest(f"{FEED}{FEED_ITEM.format(1)}<item>{'<a>' * 100}".encode(), "deep.xml")
    assert [paper.key for paper in digest.entries] == ["2601.00001"]
    assert "too many elements" in digest.warnings[0].message


def test_names_of_formats_are_those_of_the_contract() -> None:
    listed = [
        "arxiv_rss",
        "arxiv_atom",
        "arxiv_api_atom",
        "bilingual_rss",
        "bilingual_json",
        "bilingual_md",
        "bilingual3",
        "arxiv_listing_html",
        "hf_json",
        "hf_text",
        "feed_json",
        "feed_rss",
        "feed_rdf",
        "feed_atom",
        "daily_arxiv_jsonl",
        "daily_arxiv_md",
        "biorxiv_json",
        "pubmed_xml",
        "openalex_json",
        "crossref_json",
        "s2_json",
        "records_json",
    ]
    assert [module.name for module in digests.FORMATS] == listed, (
        "People write these names into paperwire.toml, so none may change or go. Add that of a new format to the list in "
        "this test, at its place in FORMATS (CONTRIBUTING.md, Add a digest format, step 3)."
    )


@pytest.mark.parametrize(
    ("title", "is_paper"),
    [
        *((title, True) for title in (
            "Removal of Arsenic from Water", "Withdrawal of Antipsychotics", "Correction of Gravity in Kites", "Vacancy Diffusion in Silicon",
            "Cover and Frequency of Lichens", "Corrections to scaling", "Editorial boards and gender", "Obituary notices as data",
            "Índice de masa corporal", "News from the deep sea", "Index of refraction", "Announcement effects in markets",
            "Do prize winners publish more?", "Corrections to Kepler's laws", "PhD positions and inequality", "Referees of football", "Cover crops and soil",
            "Video games and attention", "The origin of kites? A Comment", "Editors' choice of words", "Errors in variables", "Living on $1.90 a day",
        )),
        *((title, False) for title in (
            "Correction: Kites", "Correction to “Kites”", "Correction for Doe et al., Kites", "Author Correction: Kites", "RETRACTED: Kites",
            "Retraction Note: Kites", "WITHDRAWN: Kites", "Kites – CORRIGENDUM", "Kites [Erratum]", "Expression of Concern: Kites", "Issue Information",
            "Editorial Board", "Front Cover: Kites", "KIT volume 1 Cover and Front matter", "Innehåll 2025", "Book Review: Kites", "Contents continued",
            "Obituary: Ada Quill", "Vacancy: a kite maker", "Call for papers: Kites", "A year of kites [President’s Message]", "Staff List", "Errors in Figure 2",
            "Articles of interest in this issue",
            "Red kites (Adv. Kites 5/2026)", "Correction for Doe and Roe, Kites", "Statement of Retraction: Kites", "Postdoctoral position in kites",
            "Outstanding Reviewers for Kites in 2025", "2025 Index Transactions on Kites Vol. 1", "A. Quill, Kites. London: Press, 2025; 256 pp.",
        )),
    ],
)  # fmt: skip
def test_a_title_shows_what_is_no_paper(title: str, *, is_paper: bool) -> None:
    assert _no_papers.is_no_paper(title, [], None) is not is_paper


@pytest.mark.parametrize(
    ("written", "date"),
    tables.rows("""
        2026-03-05T01:02:03-08:00     → 2026-03-05
        Thu, 05 Mar 2026 04:40:42 PDT → 2026-03-05
        2026/3/5 9:23:28              → 2026-03-05
        20260305                      → 2026-03-05
        05.03.2026                    → 2026-03-05
        2026年3月5日                  → 2026-03-05
        March 5, 2026                 → 2026-03-05
        2026 Mar 5                    → 2026-03-05
        5th of March 2026             → 2026-03
        Mar, 14 dic 2026              → 2026-12-14
        5 de marzo de 2026            → 2026-03-05
        Do, 05 Mär 2026               → 2026-03-05
        5 févr. 2026                  → 2026-02-05
        Qui, 01 out 2026              → 2026-10-01
        1988 Nov-Dec                  → 1988-11
        1772668800                    → 2026-03-05
        Spring 2026                   → 2026
        2026-13-01                    → 2026
        tomorrow                      →
    """),
)  # fmt: skip
def test_a_date_is_read_as_far_as_it_is_given(written: str, date: str) -> None:
    assert _dates.date_of(written) == date


@pytest.mark.parametrize(
    ("people", "names"),
    [
        *tables.rows("""
            Quill, Ada R.                                      → Quill, Ada R.
            Quill A, Larch B, Wind C.                          → Quill A + Larch B + Wind C
            QUILL, A., LARCH, B. K.                            → QUILL, A. + LARCH, B. K.
            Quill, Ada; de Wind, Cy                            → Quill, Ada + de Wind, Cy
            Ada Quill, Bo Larch; Cy Wind                       → Ada Quill + Bo Larch + Cy Wind
            刘广纯,刘子轩                                      → 刘广纯 + 刘子轩
            Ada Quill, MD, Bo Larch, PhD                       → Ada Quill + Bo Larch
            Quill, M.D.                                        → Quill, M.D.
            Ada Quill1,2, Bo Larch*, and Cy Wind3              → Ada Quill + Bo Larch + Cy Wind
            Ada Quill + Bo Larch + Ada Quill                   → Ada Quill + Bo Larch
            no@kites.example (Ada Quill) , Ada Quill, Bo Larch → Ada Quill + Bo Larch
            Bo Larch Jr.                                       → Bo Larch Jr.
        """),
        ("Wind C. ", "Wind C"),
    ],
)
def test_names_are_those_of_the_authors(people: str, names: str) -> None:
    found, left_out = _names.names_of(people.split(" + "), one_each=False)
    assert (" + ".join(found), left_out) == (names, False)


@pytest.mark.parametrize(
    ("address", "doi"),
    tables.rows("""
        https://journal.example/doi/full/10.1234/kites.7?source=feed → 10.1234/kites.7
        https://journal.example/article?id=10.1234%2Fkites.7         → 10.1234/kites.7
        https://journal.example/go?doi=10.1234/kites.7&from=feed     → 10.1234/kites.7
        https://journal.example/go?ref=10.1234/kites.7               →  # another work, which this one mentions
        https://journal.example/article/7?cites=10.1234/kites.7      →
    """),
)
def test_the_doi_of_an_address_is_that_of_its_page(address: str, doi: str) -> None:
    assert (_dois.doi_in_address(address) or "") == doi


@pytest.mark.parametrize("text", ["10.1234/kites.7.", "doi:10.1234/kites.7,", "https://doi.org/10.1234/Kites.7"])
def test_a_stop_behind_a_doi_is_no_part_of_it(text: str) -> None:
    assert _dois.doi_in_field(text) == "10.1234/kites.7"
