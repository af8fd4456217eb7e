"""/feed: the secret address of a chat's feed."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.fakes.telegram import NAME, FakeTelegram
from tests.patience import PATIENCE
from tests.prepared import prepared
from tests.product import Product, Seen

ME, OWNER, GROUP, NEW_GROUP = "42", "7", "-1009000001", "-1009000002"
ROOT = "https://papers.example.org"


pytestmark = pytest.mark.usefixtures("published")


@prepared
def published(product: Product) -> None:
    """A bot with public pages, and a chat that has a subscription and got a paper."""
    product.sets(WEB_URL=ROOT)
    product.telegram.knows(OWNER, title="Mara")
    product.telegram.knows(GROUP, "group", title="Readers", people={OWNER: "creator", "8": "member"})
    product.says("/sub diffusion now")
    product.brings("Diffusion of sand")
    assert len(product.later(minutes=1)) == 1


def address_in(answer: Seen) -> str:
    """Returns the address of the Atom feed that an answer shows, without its root."""
    (found,) = {one for one in re.findall(rf"{ROOT}(/\S*)", answer.text) if "atom" in one}
    return str(found)


def opens(product: Product, wanted: Mapping[str, bool]) -> None:
    """Checks which addresses lead to a feed. All others must lead nowhere."""
    with product.starts("run", moved=True) as process, httpx.Client(timeout=PATIENCE, trust_env=False) as reader:
        root = process.waits_until_ready()
        found = {path: reader.get(root + path).status_code for path in wanted}
    assert found == {path: 200 if is_open else 404 for path, is_open in wanted.items()}


def test_a_chat_gets_an_address_a_new_one_and_stops(product: Product) -> None:
    first = product.says("/feed")
    assert first.buttons == ["new address", "stop"]
    shown = product.says("/feed")
    assert ROOT not in shown.text
    assert "since Thu 22 Jan" in shown.text
    other = product.presses("new address")
    assert other.changed
    stopped = product.presses("stop")
    assert (stopped.changed, stopped.buttons) == (True, ["new address"])
    third = product.presses("new address")
    is_open = {address_in(first): False, address_in(other): False, address_in(third): True, "/feed/nobody.atom": False}
    opens(product, is_open)


def test_a_feed_is_ended_and_renewed_by_typing(product: Product) -> None:
    first, second = product.says("/feed"), product.says("/feed new")
    assert address_in(first) != address_in(second)
    product.says("/feed stop")
    opens(product, {address_in(second): False})
    assert product.says("/feed stop").text.endswith("/stop")
    refused = product.says("/feed of cats")
    assert refused.text.startswith("✗")
    assert "/feed" in refused.text
    assert product.queries() == ["diffusion"]


def test_what_lies_under_show_more_is_in_the_feed_and_in_an_export(product: Product) -> None:
    product.says("/set limit 1")
    product.brings("Diffusion of salt", "Diffusion of silt")
    (delivery,) = product.later(minutes=1)
    assert len(re.findall("Diffusion of", delivery.text)) == 1
    address = address_in(product.says("/feed"))
    with product.starts("run", moved=True) as process, httpx.Client(timeout=PATIENCE, trust_env=False) as reader:
        feed = reader.get(process.waits_until_ready() + address)
    for text in (feed.text, product.says("/export bib 30d").text):
        assert set(re.findall(r"Diffusion of (\w+)", text)) == {"salt", "sand", "silt"}


def test_who_reads_a_group_never_sees_its_address(product: Product) -> None:
    product.says(f"/sub@{NAME} diffusion", GROUP, by=OWNER)
    assert "Only admins" in product.says(f"/feed@{NAME}", GROUP, by="8").text
    answer = product.says(f"/feed@{NAME}", GROUP, by=OWNER)
    assert answer.text.startswith("✗")
    assert answer.text.endswith(f"/feed {GROUP}")
    assert ROOT not in answer.text
    path = address_in(product.says(f"/feed {GROUP}", OWNER))
    opens(product, {path: True})
    product.presses("stop", OWNER)
    opens(product, {path: False})


@pytest.mark.parametrize("access", ["ask", "closed"])
def test_who_is_not_let_in_gets_no_key(product: Product, access: str) -> None:
    product.sets(ACCESS=access, ADMINS="telegram:1")
    answer = product.says("/feed", OWNER)
    assert answer.text.startswith("✗"), answer.text
    assert ROOT not in answer.text


def test_a_key_moves_with_its_chat_and_is_erased_with_it(product: Product, telegram: FakeTelegram) -> None:
    product.says(f"/sub@{NAME} diffusion", GROUP, by=OWNER)
    path = address_in(product.says(f"/feed {GROUP}", OWNER))
    telegram.migrates(GROUP, NEW_GROUP)
    product.listens()
    opens(product, {path: True})
    product.says(f"/forget@{NAME}", NEW_GROUP, by=OWNER)
    product.presses("erase everything", NEW_GROUP, by=OWNER)
    opens(product, {path: False})


def test_the_log_and_what_is_stored_say_that_there_is_a_key_and_not_which(product: Product) -> None:
    path = address_in(product.says("/feed"))
    logged = product.round.err
    assert "telegram:42 has a new key for its feed." in logged
    key = max(re.findall(r"[\w-]+", path), key=len)
    product.says("/privacy")
    (file,) = product.telegram.files_in(ME)
    stored = b"".join(one.read_bytes() for one in product.folder.glob("paperwire.db*"))
    assert json.loads(file.text)["chat"]["feed_key_at"]
    for secret in (key, "hash"):
        assert secret not in file.text
    assert key not in logged
    assert key.encode() not in stored
    product.clock.advance(timedelta(minutes=1))
    product.presses("stop", ME)
    assert "The feed of telegram:42 is off." in product.round.err


def test_without_a_public_address_the_answer_says_who_reaches_it(product: Product) -> None:
    del product.settings["PAPERWIRE_WEB_URL"]
    assert "PAPERWIRE_WEB_URL" in product.says("/feed").text


def test_on_slack_only_the_sender_sees_it(tmp_path: Path) -> None:
    with FakeSlack() as slack:
        slack.knows_person("U1", name="ann", tz="UTC")
        slack.knows("C1", name="vision", people=("U1",))
        slack.grants_all()
        product = Product(tmp_path)
        product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_APP_TOKEN=APP_TOKEN, SLACK_API_URL=slack.url, WEB_URL=ROOT)
        slack.sets_time(product.clock.now().timestamp())
        with product.starts("run", moved=True):
            slack.waits_connected(1)
            slack.user_types("/paperwire sub diffusion")
            slack.waits_for_journal(1)
            slack.user_types("/paperwire feed")
            slack.waits_for_journal(2)
            slack.clicks("new address", by="U1")
            slack.waits_for_journal(3)
        _, *shown = slack.journal
    assert [(entry.kind, f"{ROOT}/" in entry.text) for entry in shown] == [("ephemeral", True)] * 2
