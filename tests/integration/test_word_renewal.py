"""An upgrade renews the words on disk: in slices that survive a kill, before anything else, and chats are told."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from subscriptions.database import leader as role
from subscriptions.database.store import Store
from subscriptions.maintenance import word_renewal
from subscriptions.subscribing.undo import last_change
from subscriptions.text import stems as words
from tests import make, stored
from tests.clock import NOON
from tests.make import ingested, paper, subscribes
from tests.patience import PATIENCE
from tests.postgres.server import Server
from tests.product import Product

pytestmark = pytest.mark.both_databases

PLACE = f"{words.VERSION} papers 2"  # after two slices of one paper
TITLES = ("Kelp forests", "Moss on α-walls", "Limpets: a survey of mice")


def becomes_old(store: Store, **canonicals: str) -> None:
    """Turn the database into one of version 1.0.0, without words, and with these canonical texts: query → text."""
    stored.change(store, "UPDATE key_value SET value = '1' WHERE name = 'words'", "DELETE FROM indexed_paper")
    for text, canonical in canonicals.items():
        change = "UPDATE subscription SET canonical = :canonical WHERE text = :text"
        stored.change(store, change, text=text.replace("_", " "), canonical=canonical)


def version(store: Store) -> str:
    return str(stored.value(store, "SELECT value FROM key_value WHERE name = 'words'"))


def words_on_disk(store: Store) -> list[tuple[Any, ...]]:
    """Return what the index has of each paper."""
    if store.kind.file is None:
        return sorted(stored.rows(store, "SELECT paper, words::text FROM paper_words JOIN indexed_paper USING (entry)"))
    with stored.connected(store) as connection:
        connection.exec_driver_sql("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, paper_words, instance)")
        return sorted(connection.exec_driver_sql("""
            SELECT paper, term, col, "offset" FROM temp.seen JOIN indexed_paper ON entry = doc
        """))  # fmt: skip


def entries(store: Store) -> int:
    """Return how many entries the index has."""
    if store.kind.file is None:
        return int(stored.value(store, "SELECT count(*) FROM paper_words"))
    with stored.connected(store) as connection:
        connection.exec_driver_sql("CREATE VIRTUAL TABLE temp.entered USING fts5vocab(main, paper_words, instance)")
        return int(connection.exec_driver_sql("SELECT count(DISTINCT doc) FROM temp.entered").scalar_one())


def renew(store: Store) -> list[str]:
    return [str(one) for one in word_renewal.renew(store, now=NOON)]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_renewal, "SLICE", dict.fromkeys(word_renewal.SLICE, 2))


def notices(store: Store) -> Iterator[tuple[str, list[str]]]:
    found = "SELECT chat.address, facts FROM delivery JOIN chat ON chat.id = chat WHERE delivery.kind = 'notice'"
    for chat, facts in stored.rows(store, f"{found} ORDER BY seq"):
        yield chat, (json.loads(facts) if isinstance(facts, str) else facts)["lines"]


@pytest.mark.usefixtures("small_slices")
def test_renewed_papers_have_the_words_of_a_new_ingest(store: Store) -> None:
    first, *others = map(paper, TITLES)
    ingested(store, first, *others)
    ingested(store, replace(first, abstract="It changed.", version=2), name="second")
    before = words_on_disk(store)
    assert "chang" in str(before)
    becomes_old(store)

    told = renew(store)

    assert [re.findall(r"\d+ of \d+", one) for one in told[:2]] == [["2 of 3"], ["3 of 3"]]
    assert words_on_disk(store) == before
    assert entries(store) == 3, "no entry is left of the version before"
    assert version(store) == str(words.VERSION)
    assert renew(store) == [], "it is done"


def test_renewed_papers_are_also_known_by_the_present_alias_of_their_title(store: Store) -> None:
    ingested(store, *TITLES)
    aliases = "SELECT alias, paper FROM paper_alias ORDER BY paper, alias"
    before = stored.rows(store, aliases)
    stored.change(store, "UPDATE paper_alias SET alias = 'as 1.0.0 read it' WHERE paper = 2")
    becomes_old(store)
    renew(store)
    assert stored.rows(store, aliases) == sorted([*before, ("as 1.0.0 read it", 2)], key=lambda row: (row[1], row[0]))


def test_renewed_library_has_the_present_alias_of_each_title(store: Store) -> None:
    chat = subscribes(store, "telegram:1", "kelp").chat
    insert = "INSERT INTO library_entry (chat, key, title) VALUES (:chat, :key, :title)"
    for key, title in {"as 1.0.0 read it": "Moss on α-walls", " tide": "Tides", "2601.00001": ""}.items():
        stored.change(store, insert, chat=chat.id, key=key, title=title)
    becomes_old(store)
    renew(store)
    assert stored.rows(store, "SELECT key FROM library_entry ORDER BY key") == [
        (" tides",),
        ("2601.00001",),
        ("moss on alpha walls",),
    ]


@pytest.mark.parametrize("state", ["active", "paused", "asked"])
def test_equal_subscriptions_become_one_without_losing_a_paper(store: Store, state: str) -> None:
    for query in ("kelp forests", "moss"):
        subscribes(store, "telegram:1", query, when="now")
    ingested(store, "Kelp forests")
    stored.change(
        store,
        "UPDATE chat SET state = :state",
        "UPDATE subscription SET cursor = 1",
        "INSERT INTO subscription (chat, number, name, text, canonical, cadence, state, since, cursor)"
        " SELECT chat, 3, '', 'forests kelp', 'forests kelp', cadence, state, since, 0 FROM subscription WHERE number = 1",
        state=state,
    )
    becomes_old(store)
    renew(store)
    found = stored.rows(store, "SELECT number, text, canonical, cursor FROM subscription ORDER BY number")
    assert found == [(1, "kelp forests", "forest kelp", 0), (2, "moss", "moss", 1)]
    told = [(chat, lines[-1]) for chat, lines in notices(store)]
    assert told == [("1", "1 and 3 now find the same papers. I merged them into 1.")] * (state != "asked")
    assert stored.rows(store, "SELECT id FROM undo") == [], "an undo would bring them back"


def test_canonical_text_stays_where_this_version_reads_more_than_words_otherwise(store: Store) -> None:
    for query in ("tides", "cat:cs.LG"):
        subscribes(store, "telegram:1", query)
    becomes_old(store, **{"tides": "title:tides", "cat:cs.LG": "cat:cs.lg -survey"})
    renew(store)
    found = stored.rows(store, "SELECT canonical FROM subscription ORDER BY number")
    assert found == [("title:tide",), ("cat:cs.lg -survey",)]


def test_canonical_text_is_made_of_the_words_as_typed(store: Store) -> None:
    subscribes(store, "telegram:1", "metastases")
    becomes_old(store, metastases="metastase")
    renew(store)
    assert stored.value(store, "SELECT canonical FROM subscription") == "metastasi"


def test_canonical_text_may_be_that_which_another_subscription_had(store: Store) -> None:
    for query in ("kelp", "moss"):
        subscribes(store, "telegram:1", query)
    becomes_old(store, kelp="moss ", moss="kelp")
    stored.change(store, "UPDATE subscription SET canonical = 'moss' WHERE canonical = 'moss '")
    renew(store)
    assert stored.rows(store, "SELECT text, canonical FROM subscription ORDER BY number") == [
        ("kelp", "kelp"),
        ("moss", "moss"),
    ]


def test_subscription_that_cannot_be_read_holds_up_no_other(store: Store) -> None:
    for query in ("tides", "kelp", "viruses"):
        subscribes(store, "telegram:1", query)
    becomes_old(store, tides="-survey", viruses="viruse")
    stored.change(store, "UPDATE subscription SET text = '-survey' WHERE text = 'tides'")
    renew(store)
    found = stored.rows(store, "SELECT canonical FROM subscription ORDER BY number")
    assert found == [("-survey",), ("kelp",), ("viru",)]


def test_undo_compares_canonical_texts_of_one_version(store: Store) -> None:
    subscribes(store, "telegram:1", "tides")
    subscribes(store, "telegram:1", "moss")
    before = store.read_now(last_change, make.address("telegram:1"), now=NOON)
    becomes_old(store, tides="tides")
    (state,) = stored.rows(store, "SELECT before FROM undo ORDER BY id DESC LIMIT 1")[0]
    state = state if isinstance(state, str) else json.dumps(state)
    old = state.replace('"canonical": "tide"', '"canonical": "tides"')
    assert old != state
    stored.change(store, "UPDATE undo SET before = :old WHERE id = (SELECT max(id) FROM undo)", old=old)
    renew(store)
    after = store.read_now(last_change, make.address("telegram:1"), now=NOON)
    assert before is not None
    assert after is not None
    assert after.changed == ()
    assert [one.text for one in after.added] == ["moss"]


def prepared(product: Product) -> Store:
    product.says("/sub kelp now")
    product.brings(*TITLES)
    store = Store(product.settings["PAPERWIRE_DATABASE_URL"])
    becomes_old(store)
    return store


@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest.mark.parametrize("at", [2, 4, 5])
def test_renewal_that_was_interrupted_goes_on(product: Product, how: str, at: int) -> None:
    with closing(prepared(product)) as store:
        process = product.starts("run", module="tests.halted", settings={"TESTS_SLICE": f"{how} {at}"})
        assert process.popen.wait(PATIENCE) == (-9 if how == "kill" else 0), process.said
        assert "paperwire is on" not in process.said, "it began nothing else"
        assert version(store) == "1"
        place = at - (how == "kill")
        value = f"{words.VERSION} papers {place}" if place < 4 else f"{words.VERSION} chats {place - 4}"
        assert stored.value(store, "SELECT value FROM key_value WHERE name = 'words-renewed'") == value
        assert stored.rows(store, "SELECT seq FROM delivery") == [], "nothing is planned before it is done"
        with product.starts("run", moved=True) as process:
            process.waits_until_ready()
            process.waits_for_line("All papers are indexed again")
        assert version(store) == str(words.VERSION)
        assert len({row[0] for row in words_on_disk(store)}) == len(TITLES)


def test_health_answers_and_other_commands_wait_while_words_are_renewed(product: Product) -> None:
    with closing(prepared(product)) as store:
        process = product.starts("run", module="tests.halted", settings={"TESTS_SLICE": "wait 3"})
        with process:
            address = process.waits_until_ready()
            process.waits_for_line("1 of 3")
            with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as web:
                process.waits_until(lambda: "2 of 3" in web.get("/health/ready").text)
                ready = web.get("/health/ready")
                assert (web.get("/health/live").status_code, ready.status_code) == (200, 503)
            said = "The words of the papers are being indexed again: 2 of 3."
            assert ready.json()["problems"] == {"words": said}
            assert httpx.get(f"{address}/", timeout=PATIENCE, trust_env=False).status_code == 503
            for command in (
                ("subscribe", "moss", "--as", "console:me"),
                ("preview", "--as", "telegram:42"),
                ("deliver",),
                ("run", "--once"),
            ):
                refused = product.runs(*command)
                assert refused.status == 1, command
                assert str(process.pid) in refused.err
            status = product.runs("status")
            assert (status.status, said in status.out) == (1, True)
            if store.kind.file is not None:
                assert product.runs("backup", "copy.db").status == 0
            assert "kelp" in product.runs("export", "--all").out
            process.kill()
        assert product.tells("deliver")["papers"] == 1
        assert version(store) == str(words.VERSION)


def test_command_renews_words_and_says_so(product: Product) -> None:
    with closing(prepared(product)) as store:
        found = product.runs("preview", "--as", "telegram:42")
        assert "Kelp forests" in found.out
        assert "The words of the papers are being indexed again: 3 of 3." in found.err
        assert version(store) == str(words.VERSION)
        assert product.runs("preview", "--as", "telegram:42").err == ""


MULTIMODAL = ("Multi-Modal maps", "Maps that are multi-modal", "Multi-Modal tides", "Multimodal moss")


def test_chat_is_told_once_what_its_subscriptions_find_besides(store: Store) -> None:
    subscribes(store, "telegram:1", "multimodal")
    ingested(store, *MULTIMODAL, now=NOON)
    becomes_old(store)
    renew(store)
    expected = [
        "Queries now match more forms of a word.",
        "Hyphens, irregular plurals and British spelling no longer matter.",
        "“multimodal” now also finds Multi-Modal: about 3 more a day.",
    ]
    assert [*notices(store)] == [("1", expected)]
    stored.change(store, "UPDATE key_value SET value = '1' WHERE name = 'words'")
    renew(store)
    assert len([*notices(store)]) == 1


@pytest.mark.parametrize("before", ["0", "3"])
def test_renewal_of_another_version_than_1_0_0_compares_with_nothing(store: Store, before: str) -> None:
    subscribes(store, "telegram:1", "multimodal")
    ingested(store, *MULTIMODAL, now=NOON)
    becomes_old(store)
    stored.change(store, "UPDATE key_value SET value = :before WHERE name = 'words'", before=before)
    renew(store)
    assert (version(store), [*notices(store)]) == (str(words.VERSION), [])


def test_notice_of_several_subscriptions_names_ten_and_counts_the_others(store: Store) -> None:
    for number in range(12):
        subscribes(store, "telegram:1", f"viruses OR nothing{number}")
    ingested(store, "A virus", now=NOON)
    becomes_old(store, **{f"viruses OR nothing{number}": f"nothing{number} OR viruse" for number in range(12)})
    renew(store)
    ((_, lines),) = notices(store)
    assert len(lines) == 13
    assert lines[2] == "1  “viruses OR nothing0” now also finds virus: about 1 more a day."
    assert lines[-1] == "2 more subscriptions find more."


@pytest.mark.parametrize(
    "state", ["paused", "asked", "subscription paused", "delivered", "found by another", "older", "cross"]
)
def test_chat_is_not_told_of_what_it_would_not_have_got(store: Store, state: str) -> None:
    chat = subscribes(store, "telegram:1", "multimodal").chat
    ingested(store, MULTIMODAL[0], now=NOON - make.DAY * (8 if state == "older" else 0))
    match state:
        case "paused" | "asked":
            stored.change(store, "UPDATE chat SET state = :state", state=state)
        case "subscription paused":
            stored.change(store, "UPDATE subscription SET state = 'paused'")
        case "found by another":
            subscribes(store, "telegram:1", "maps")
        case "delivered":
            insert = 'INSERT INTO delivery_item (chat, paper, position, shown, "cross", because)'
            stored.change(store, f"{insert} VALUES ({chat.id}, 1, 0, '1', '0', '[]')")
        case "cross":
            stored.change(
                store,
                "UPDATE paper SET \"cross\" = '1', new_sequence = NULL",
                'UPDATE chat SET settings = \'{"crosslists": "out"}\'',
            )
    becomes_old(store)
    renew(store)
    assert [*notices(store)] == []


def test_notice_names_only_words_that_were_not_found_before(store: Store) -> None:
    subscribes(store, "telegram:1", "multimodal maps OR tides")
    ingested(store, "maps of Multi-Modal moss", "maps of Multi-Modal kelp", now=NOON)
    becomes_old(store, **{"multimodal maps OR tides": "map multimodal OR tide"})
    renew(store)
    ((_, lines),) = notices(store)
    assert lines[2] == "“multimodal maps OR tides” now also finds Multi-Modal: about 2 more a day."


def test_exclusion_that_grows_is_told(store: Store) -> None:
    subscribes(store, "telegram:1", "maps -multimodal")
    ingested(store, *MULTIMODAL, now=NOON)
    becomes_old(store)
    renew(store)
    ((_, lines),) = notices(store)
    assert lines[2:] == [
        "Exclusions grow, too: 2 papers of the last seven days are now left out by “maps -multimodal”."
    ]


def test_owner_is_told_of_a_chat_that_strangers_read(store: Store) -> None:
    for chat in ("telegram:1", "telegram:-1009"):
        subscribes(store, chat, "tides" if chat == "telegram:1" else "multimodal")
    stored.change(store, "UPDATE chat SET public = '1', kind = 'broadcast', owner = '1' WHERE address = '-1009'")
    ingested(store, *MULTIMODAL[:2], now=NOON)
    becomes_old(store)
    renew(store)
    ((chat, lines),) = notices(store)
    assert (chat, "-1009" in lines[0], "multimodal" in lines[2]) == ("1", True, True)


def test_full_first_name_that_fits_initials_now_is_told(store: Store) -> None:
    subscribes(store, "telegram:1", 'author:"Austin Burt"')
    for query in ('author:"A. Burt"', 'drives -author:"Austin Burt"'):
        subscribes(store, "telegram:2", query)
    ingested(store, paper("Drives", authors=["A. Burt"]), paper("Drives again", authors=["Austin Burt"]), now=NOON)
    becomes_old(store)
    renew(store)
    ((_, lines),) = notices(store)
    assert lines[2:] == ['“author:"Austin Burt"” now also finds A. Burt: about 1 more a day.']


def test_notice_has_a_button_to_edit_each_subscription(product: Product) -> None:
    for query in ("viruses now", "multimodal now", "tides now"):
        product.says(f"/sub {query}")
    product.brings("A virus", "Multi-Modal maps")
    with closing(Store(product.settings["PAPERWIRE_DATABASE_URL"])) as store:
        becomes_old(store, viruses="viruse")
    notice, _ = product.later(minutes=10)
    assert notice.buttons == ["edit 1", "edit 2"]
    assert "2  “multimodal” now also finds Multi-Modal" in notice.text
    assert "multimodal" in product.presses("edit 2").text
    assert product.later(minutes=10) == []


def test_deliver_that_is_stopped_while_it_renews_sends_nothing(product: Product) -> None:
    with closing(prepared(product)) as store:
        process = product.starts("deliver", module="tests.halted", settings={"TESTS_SLICE": "stop 2"})
        assert process.ends() == 1
        assert "The next command goes on where it stopped." in process.said
        assert (version(store), stored.rows(store, "SELECT seq FROM delivery")) == ("1", [])


def test_process_that_waits_takes_over_the_renewal_of_a_killed_one(postgres: Server, tmp_path: Path) -> None:
    with postgres.database(empty=True) as url, closing(Store(url)) as store:
        product = Product(tmp_path, database=url)
        product.brings(*TITLES)
        becomes_old(store)
        first = product.starts("run", module="tests.halted", settings={"TESTS_SLICE": "wait 3"})
        first.waits_until(lambda: (PLACE,) in stored.rows(store, "SELECT value FROM key_value"))
        with product.starts("run") as second:
            second.waits_for_line(f"Waiting: process {first.pid}")
            first.kill()
            second.waits_for_line("All papers are indexed again")
            assert re.findall(r"\d of 3", second.said) == ["3 of 3"]
            second.waits_until_ready()
        assert version(store) == str(words.VERSION)


def test_store_writes_on_after_it_had_the_role_for_a_renewal(store: Store) -> None:
    with role.held(store):
        pass
    with closing(Store(store.url.render_as_string(hide_password=False))) as another, role.held(another):
        assert ingested(store, *TITLES).new == len(TITLES)


def test_database_that_is_copied_to_another_gets_present_words_first(product: Product) -> None:
    with closing(prepared(product)) as store:
        address = product.settings["PAPERWIRE_DATABASE_URL"]
        copied = product.runs("db", "copy", address, str(product.folder / "new.db"))
        assert copied.status == 0, copied.err
        with closing(Store(f"sqlite:///{product.folder}/new.db")) as new:
            assert version(store) == version(new) == str(words.VERSION)
            assert len({row[0] for row in words_on_disk(new)}) == len(TITLES)


def test_health_has_one_address_from_the_renewal_on(product: Product) -> None:
    with closing(prepared(product)), product.starts("run", moved=True) as process:
        process.waits_for_line("paperwire is on")
        first, second = re.findall(r"Health: (\S+)", process.said)
        assert first == second
        process.waits_until(lambda: httpx.get(first, timeout=PATIENCE, trust_env=False).status_code == 200)
