"""What clients may send to the web address that no browser sends: half of a request, two lengths, other hosts."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.patience import PATIENCE
from tests.product import Product

HALVES = (
    b"",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
)
FULL = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def address(product: Product) -> Iterator[tuple[str, int]]:
    product.sets(WEB_PASSWORD="correct horse battery")  # without one, only this machine's names are answered
    with product.starts("run") as process:
        parts = urlsplit(process.waits_until_ready())
        yield parts.hostname or "", parts.port or 0


def connected(address: tuple[str, int], sent: bytes) -> socket.socket:
    client = socket.create_connection(address, PATIENCE)
    client.sendall(sent)
    return client


@pytest.mark.parametrize("half", [*HALVES, FULL + b"G"], ids=["nothing", "half a head", "half a body", "a second one"])
def test_unfinished_requests_keep_nobody_out(half: bytes, address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as clients:
        for _ in range(300):
            clients.enter_context(connected(address, half))
        answer = httpx.get(f"http://{address[0]}:{address[1]}/health/live", timeout=PATIENCE, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"live": True})


def test_request_with_two_lengths_is_refused_and_ends_its_connection(address: tuple[str, int]) -> None:
    smuggled = b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(address, head + smuggled) as client:
        said = b""
        while piece := client.recv(65536):
            said += piece
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("path", ["/static", "/health/live/", "/chat/", "/feed/"])
def test_no_answer_leads_to_the_host_that_a_request_names(path: str, address: tuple[str, int]) -> None:
    answer = httpx.get(
        f"http://{address[0]}:{address[1]}{path}", headers={"Host": "evil.example"}, timeout=PATIENCE, trust_env=False
    )
    assert "evil.example" not in str(answer.headers) + answer.text
