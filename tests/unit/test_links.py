"""Links: the papers that a text names by link, id or DOI, on any site; links that name no paper.

And links that hold a query: it is

the one that was put in, and other links hold none.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.query import links
from subscriptions.subscribing import export_format as portable
from tests import tables


@pytest.mark.parametrize(("text", "name"), tables.rows("""
    https://arxiv.org/abs/2401.01234                             → 2401.01234
    https://arxiv.org/html/2401.01234v1#S3                       → 2401.01234
    https://arxiv.org/pdf/math.GT/0309136v1.pdf                  → math/0309136
    https://www.alphaxiv.org/abs/2401.01234                      → 2401.01234
    https://example.org/files/2401.01234v2.pdf                   → 2401.01234
    https://www.google.com/url?q=https%3A%2F%2Farxiv.org%2Fabs%2F2401.01234 → 2401.01234
    https://doi.org/10.48550/arXiv.2401.01234                    → 2401.01234
    https://doi.org/10.1038/s41586-024-07487-w                   → 10.1038/s41586-024-07487-w
    https://www.biorxiv.org/content/10.1101/2024.01.01.573838v2.full.pdf → 10.1101/2024.01.01.573838
    https://dl.acm.org/doi/abs/10.1145/3366423.3380130?casa_token=x:y → 10.1145/3366423.3380130
    https://ieeexplore.ieee.org/abstract/document/1?doi=10.1109/CVPR.2016.90 → 10.1109/cvpr.2016.90
    https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0185809 → 10.1371/journal.pone.0185809
    https://www.frontiersin.org/articles/10.3389/fnins.2020.00001/full → 10.3389/fnins.2020.00001
    https://api.semanticscholar.org/graph/v1/paper/DOI:10.1145/3366423.3380130 → 10.1145/3366423.3380130
"""))  # fmt: skip
def test_a_link_names_its_paper(text: str, name: str) -> None:
    assert (links.mentioned(text), links.links_to_no_paper(text)) == ((name,), ())


@pytest.mark.parametrize(
    ("text", "links_to_none"),
    tables.rows("""
        youtu.be/dQw4w9WgXcQ                         → one
        https://arxiv.org/list/cs.LG/recent          → one
        www.example.org                              → one
        https://[broken                              → one
        请看 https://openreview.net/forum?id=abc。   → one
        cs.AI/cs.LG                                  →
        node.js                                      →
        diffusion -survey                            →
        e-mail me@example.org/now                    →
    """),
)
def test_a_link_without_id_and_doi_is_no_query_and_what_is_no_link_is_one(text: str, links_to_none: str) -> None:
    assert (links.mentioned(text), len(links.links_to_no_paper(text))) == ((), int(links_to_none == "one"))


@pytest.mark.parametrize(
    ("text", "names"),
    tables.rows("""
        2601.01234v3                                                        → 2601.01234
        https://arxiv.org/abs/2601.01234v2，很好                            → 2601.01234
        [a title](https://arxiv.org/pdf/2601.01234v1.pdf), worth it         → 2601.01234
        arXiv:cond-mat.mes-hall/0309136v2 or 10.48550/arXiv.math.GT/0309137 → cond-mat/0309136, math/0309137
        doi 10.1234/ABC.def).                                               → 10.1234/abc.def
        论文2601.01234很好                                                  → 2601.01234
        first 2601.00001, then 2601.00002 and again 2601.00001              → 2601.00001, 2601.00002
        diffusion -survey                                                   →
        in 2024.5 of 1234.5678 cases, p=0.05                                →
        12601.01234 2601.012345 2601.01234.5                                →
        https://example.org/2601.01234/x                                    → 2601.01234
                                                                            →
    """),
)
def test_papers_are_named_by_id_doi_and_link(text: str, names: str) -> None:
    assert ", ".join(links.mentioned(text)) == names


@pytest.mark.parametrize(
    "text",
    ["diffusion", "diffusion -survey daily 9", 'ti:"graph neural network"', "扩散模型 每天8点", "cat:cs.CL agents"],
)
def test_what_goes_in_comes_out(text: str) -> None:
    payload = portable.link_payload(text)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    assert portable.text_of_payload(payload) == text


@pytest.mark.parametrize("payload", [
    "", "sub-", "sub-!", "added", "sub-A", "sub-gICA", "sub-AAAA", "q-ZGlmZnVzaW9u", "ZGlmZnVzaW9u", "sub-ZGlmZnVzaW9u=",
    "sub-" + "ZGlm" * 16, "sub-ZGlmZnVzaW9uICA", "sub-ZGlmZnVzaW9u\n",
])  # fmt: skip
def test_what_we_did_not_make_is_no_query(payload: str) -> None:
    assert portable.text_of_payload(payload) == ""


@given(st.text())
def test_any_text(text: str) -> None:
    payload = portable.link_payload(text)
    assert len(payload) <= 64
    assert portable.text_of_payload(payload) in ("", " ".join(text.split()))
    assert portable.text_of_payload(text) == "" or portable.link_payload(portable.text_of_payload(text)) == text
