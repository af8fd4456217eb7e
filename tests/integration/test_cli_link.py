"""`paperwire link`: a link, a button and a badge, which lead to the bot and say what the query is."""

import json
from xml.etree import ElementTree as ET

from subscriptions.service.chat_status import text_of_payload
from subscriptions.service.retention import bot_name
from subscriptions.store.database.store import Store
from tests.integration.cli import Terminal
from tests.make import NOON

QUERY = 'diffusion -"a <b> & c" daily 9'


def known(terminal: Terminal) -> None:
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=NOON)
    bot_name(store, "telegram", "paper_bot")
    store.close()


def test_the_link_leads_to_the_bot_with_the_query(terminal: Terminal) -> None:
    known(terminal)
    found = json.loads(terminal("link", QUERY, "--json").out)
    url = found["links"]["telegram"]
    start, payload = url.split("?start=")
    assert start == "https://t.me/paper_bot"
    assert text_of_payload(payload) == QUERY
    assert f'<a href="{url}"' in found["html"]
    assert "<b>" not in found["html"] + found["svg"]
    words = " ".join(ET.fromstring(found["svg"]).itertext())  # noqa: S314 - our own
    assert 'paperwire: diffusion, not "a <b> & c"' in words


def test_the_badge_can_be_written_to_a_file(terminal: Terminal) -> None:
    known(terminal)
    printed = terminal("link", "diffusion", "--svg", "badge.svg")
    assert printed.out.splitlines()[0].startswith("https://t.me/paper_bot?start=sub-")
    assert "<svg" not in printed.out
    assert ET.parse(terminal.folder / "badge.svg").getroot().get("role") == "img"  # noqa: S314 - our own
    refused = terminal("link", "diffusion", "--svg", "no/such/badge.svg")
    assert refused.status == 2
    assert "no/such/badge.svg cannot be written: no such file or directory." in refused.err


def test_what_cannot_be_linked_says_why(terminal: Terminal) -> None:
    known(terminal)
    for query, status, said in [
        ("title:", 1, "title: has nothing to look for behind it."),
        ("daily 9", 2, "This is a time without a query."),
        ("diffusion hourly", 2, "“hourly” is not a schedule."),
        ("a" * 46, 2, "This is too long for a link"),
    ]:
        ended = terminal("link", query)
        assert (ended.status, said in ended.out + ended.err) == (status, True), (query, ended)
