"""Papers that a text names by id, DOI or link."""

import pytest

from subscriptions.query.links import mentioned


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("2601.01234", ["2601.01234"]),
        ("2601.01234v3", ["2601.01234"]),
        ("arXiv:2601.01234", ["2601.01234"]),
        ("https://arxiv.org/abs/2601.01234v2，很好", ["2601.01234"]),
        ("[a title](https://arxiv.org/pdf/2601.01234v1.pdf), worth it", ["2601.01234"]),
        ("http://export.arxiv.org/abs/hep-th/9901001v1", ["hep-th/9901001"]),
        ("math.GT/0309136", ["math.gt/0309136"]),
        ("https://huggingface.co/papers/2601.01234?ref=x", ["2601.01234"]),
        ("https://doi.org/10.48550/arXiv.2601.01234.", ["2601.01234"]),
        ("doi 10.1234/ABC.def).", ["10.1234/abc.def"]),
        ("论文2601.01234很好", ["2601.01234"]),
        ("first 2601.00001, then 2601.00002 and again 2601.00001", ["2601.00001", "2601.00002"]),
        ("diffusion -survey", []),
        ("in 2024.5 of 1234.5678 cases, p=0.05", []),
        ("12601.01234 2601.012345 2601.01234.5", []),
        ("foo/1234567", []),
        ("https://example.org/2601.01234/x", ["2601.01234"]),
        ("", []),
    ],
)
def test_papers_are_named_by_id_doi_and_link(text: str, names: list[str]) -> None:
    assert mentioned(text) == tuple(names)
