"""What authors say of their paper in a comment: that it was accepted, and why they withdrew it."""

import pytest

from subscriptions.text.statements import accepted_in, remark_in, withdrawal_reason

# comment → the sentence that says that the paper was accepted
ACCEPTED = {
    "14 pages, 4 figures. Accepted at KITE 2027 (oral). Code: https://github.com/ray/kites": "Accepted at KITE 2027 (oral)",
    "9 pages, 3 figures, accepted for publication in Kites & Glue": "accepted for publication in Kites & Glue",
    "Accepted for publication in Phys. Rev. D. 12 pages": "Accepted for publication in Phys. Rev. D",
    "Accepted by Proc. of the 3rd Conf. on Kites": "Accepted by Proc. of the 3rd Conf. on Kites",
    "KITE 2027 (spotlight)": "KITE 2027 (spotlight)",
    "To appear in the Proceedings of KITE 2027; extended version": "To appear in the Proceedings of KITE 2027",
    "This paper was recently accepted to KITE": "This paper was recently accepted to KITE",
    "v2: typos; version accepted by Kites": "version accepted by Kites",
    "Published in Kites 7 (2026)": "Published in Kites 7 (2026)",
    "Kites accepted, 10 pages": "Kites accepted, 10 pages",
    "": "",
    "12 pages, submitted to KITE 2027": "",
    "Under review at KITE; code will be released upon acceptance": "",
    "Not accepted at KITE 2027": "",
    "Code will be public once the paper is accepted": "",
    "Extended version of a paper accepted at KITE 2025": "",
    "A conference version of this work appeared in KITE 2025": "",
    "An earlier version was published in Kites": "",
    "The widely accepted view is wrong": "",
    "To be accepted, we hope": "",
    "Accepted for review": "",
    "KITE 2027": "",
    "This is the long version of a paper published at KITE 2024": "",
    "Supersedes the version accepted at KITE 2024": "",
    "Contains the proofs omitted in the accepted version": "",
    "Proposal accepted for observation time": "",
    "Data published at https://kites.example/data": "",
    "Published as a preprint only": "",
    "Comment on a paper accepted in Kites": "",
    "Partially overlaps with our paper accepted by Kites": "",
    "Conference paper accepted at KITE 2027": "Conference paper accepted at KITE 2027",
    "Forthcoming in Kites": "Forthcoming in Kites",
    "12 pages. In Proceedings of KITE 2026": "In Proceedings of KITE 2026",
    "The model accepted inputs of any length; 8 figures": "",
    "Lecture notes; published version will differ": "",
    "Accepted KITE 2027": "Accepted KITE 2027",
    "10 pages, accepted": "accepted",
}


@pytest.mark.parametrize("comment", ACCEPTED)
def test_acceptance_is_the_sentence_that_says_so(comment: str) -> None:
    assert accepted_in(comment) == ACCEPTED[comment]


@pytest.mark.parametrize(
    ("comment", "remark"),
    [
        (
            "14 pages, 4 figures. Accepted at KITE 2027 (oral). Code: https://github.com/ray/kites",
            "14 pages, 4 figures",
        ),
        ("Typos corrected. Code at github.com/ray/kites", "Typos corrected"),
        ("Accepted at KITE 2027", ""),
    ],
)
def test_remark_is_the_rest_of_a_comment(comment: str, remark: str) -> None:
    assert remark_in(comment) == remark


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("This paper has since been withdrawn by the author due to a sign error.", "a sign error"),
        ("Withdrawn by the authors: Lemma 2 is wrong.", "Lemma 2 is wrong"),
        ("The authors have withdrawn their manuscript because of errors", "errors"),
        ("This paper has been withdrawn.", ""),
    ],
)
def test_reason_of_a_withdrawal_is_what_follows(text: str, reason: str) -> None:
    assert withdrawal_reason(text) == reason
