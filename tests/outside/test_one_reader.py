"""What a person subscribes to is read in one way at every door: subscribe, say, explain, preview, match."""

import pytest

from tests.product import Product

SAID = [  # typed, the canonical query, the cadence
    pytest.param("diffusion models, no surveys, every monday at 9", "diffusion model -survey", "weekly mon 09:00"),
    pytest.param("limpets, not whelks, at 8am Oslo", "limpet -whelk", "daily 08:00"),
    pytest.param("limpets weekdays 8:30, no surveys", "limpet -survey", "weekdays 08:30"),
    pytest.param("帽贝，不要综述，每周一9点", '"帽 贝" -"综 述"', "weekly mon 09:00"),
    pytest.param("limpets", "limpet", "now"),
    pytest.param('limpets "at 9"', '"at 9" limpet', "now"),
]


@pytest.mark.parametrize(("typed", "canonical", "cadence"), SAID)
def test_every_door_reads_time_and_exclusions_alike(product: Product, typed: str, canonical: str, cadence: str) -> None:
    assert product.runs("subscribe", typed, "--as", "console:cli").status == 0
    assert product.runs("say", f"/sub {typed}", "--as", "console:chat").status == 0
    cli, chat = (product.subscriptions(f"console:{name}")[0] for name in ("cli", "chat"))
    assert {**cli, "chat": ""} == {**chat, "chat": ""}
    assert (cli["canonical"], cli["cadence"]) == (canonical, cadence)
    explained = product.tells("explain", typed)
    assert explained["canonical"] == canonical
    assert (explained["when"] or "now").startswith(cadence)
    product.brings("Kelp")
    (digest,) = (product.folder / "brought").iterdir()
    assert product.tells("match", typed, str(digest))["query"] == canonical


def test_match_and_preview_find_what_a_subscription_finds(product: Product) -> None:
    product.brings("Limpets on granite", "Limpets: a survey")
    (digest,) = (product.folder / "brought").iterdir()
    typed = "limpets every friday at 9, no surveys"
    assert len(product.tells("match", typed, str(digest))["keys"]) == 1
    queries = product.writes("queries.txt", f"{typed}\n")
    assert product.tells("match", "--queries", str(queries), str(digest))["pairs"] == 1
    product.runs("subscribe", "kelp", "--as", "console:me")
    assert len(product.tells("preview", typed, "--as", "console:me", "--days", "7")["papers"]) == 1


@pytest.mark.parametrize("typed", ["limpets every hour", "daily at 9"])
def test_what_sub_refuses_is_refused_everywhere(product: Product, typed: str) -> None:
    said = product.runs("say", f"/sub {typed}", "--as", "console:chat")
    assert said.status == 1
    reason = said.out.splitlines()[0].removeprefix("✗ ").partition(". ")[0]
    for command in (("subscribe", typed, "--as", "console:me"), ("explain", typed)):
        refused = product.runs(*command)
        assert refused.status == 1, command
        assert reason in refused.err
    assert product.runs("explain", typed, "--json").json["error"]["message"].startswith(reason)
    assert product.subscriptions("console:me") == []


def test_two_different_times_are_refused(product: Product) -> None:
    twice = product.runs("subscribe", "limpets every monday at 9", "--as", "console:me", "--when", "daily 8")
    assert twice.status == 2
    assert "“every monday at 9”" in twice.err
    init = ("init", "there", "--source", "cs.LG", "--as", "telegram:1", "--words", "limpets every monday at 9")
    assert product.runs(*init, "--when", "daily 8").status == 2
    assert "“daily 8”" in twice.err
    assert product.subscriptions("console:me") == []
    same = product.runs(
        "subscribe", "limpets every monday at 9", "--as", "console:me", "--when", "mondays 9, no surveys"
    )
    assert same.status == 0, same.err
    (made,) = product.subscriptions("console:me")
    assert (made["canonical"], made["cadence"]) == ("limpet -survey", "weekly mon 09:00")


def test_words_that_may_be_a_time_are_words_and_said_so(product: Product) -> None:
    done = product.runs("subscribe", "time series daily", "--as", "console:me")
    assert "“daily” is looked for as words; a time is given with --when." in done.out
    assert product.tells("explain", "time series daily")["when"] is None


def test_init_reads_a_time_in_its_words(product: Product) -> None:
    words = "limpets every monday at 9 Oslo, no surveys"
    made = product.runs("init", "there", "--source", "cs.LG", "--as", "telegram:1", "--words", words)
    assert made.status == 0, made.err
    (line,) = (
        line
        for file in (product.folder / "there").iterdir()
        if file.is_file()
        for line in file.read_text().splitlines()
        if "limpets" in line
    )
    assert line.startswith("weekly mon 09:00 Europe/Oslo | limpets -surveys |")
