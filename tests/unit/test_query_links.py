"""Links that hold a query: the query of a link is the one that was put in, and other links hold none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.service import chat_status

pytestmark = pytest.mark.hypothesis


@pytest.mark.parametrize(
    "text",
    ["diffusion", "diffusion -survey daily 9", 'ti:"graph neural network"', "扩散模型 每天8点", "cat:cs.CL agents"],
)
def test_what_goes_in_comes_out(text: str) -> None:
    payload = chat_status.link_payload(text)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    assert chat_status.text_of_payload(payload) == text


@pytest.mark.parametrize("payload", [
    "", "sub-", "sub-!", "added", "sub-A", "sub-gICA", "sub-AAAA", "q-ZGlmZnVzaW9u", "ZGlmZnVzaW9u", "sub-ZGlmZnVzaW9u=",
    "sub-" + "ZGlm" * 16, "sub-ZGlmZnVzaW9uICA", "sub-ZGlmZnVzaW9u\n",
])  # fmt: skip
def test_what_we_did_not_make_is_no_query(payload: str) -> None:
    assert chat_status.text_of_payload(payload) == ""


@pytest.mark.parametrize(("text", "fits"), [("a" * 45, True), ("a" * 46, False), ("模" * 15, True), ("模" * 16, False)])
def test_what_is_too_long_gets_no_link(text: str, fits: bool) -> None:
    assert (chat_status.link_payload(text) != "") is fits


@given(st.text())
def test_any_text(text: str) -> None:
    payload = chat_status.link_payload(text)
    assert len(payload) <= 64
    assert chat_status.text_of_payload(payload) in ("", " ".join(text.split()))
    assert (
        chat_status.text_of_payload(text) == "" or chat_status.link_payload(chat_status.text_of_payload(text)) == text
    )
