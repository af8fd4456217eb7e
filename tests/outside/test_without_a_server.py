"""A folder that a scheduled job runs (docs/without-a-server.md).

What `init` writes, its workflow's rounds, its file, a lost database.
"""

from datetime import timedelta
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.fakes.telegram import TOKEN
from tests.papers import jsonl, paper
from tests.product import Product

CHAT = "telegram:42"
KELP = ("--source", "inbox/*.jsonl", "--as", CHAT, "--words", "kelp", "--when", "daily 8 Europe/Berlin")
COUNTED = "what its sources brought until now counts as sent"


class Job:
    """What a forge does with a folder: it runs the workflow's step, with the database of the last round or without one."""

    def __init__(self, product: Product) -> None:
        self.product = product
        (product.folder / "paperwire.toml").unlink()
        assert product.runs("init", *KELP).status == 0
        self.workflow: Any = yaml.safe_load((product.folder / ".github/workflows/paperwire.yml").read_text("utf-8"))
        self.database = product.folder / "paperwire.db"

    def rounds(self, *, look_back: bool = False) -> str:
        """Runs a round as the workflow says. Returns what it says to the operator."""
        job = self.workflow["jobs"]["round"]
        for name, value in job["env"].items():
            self.product.settings[name] = value.replace("${{ secrets.PAPERWIRE_TELEGRAM_TOKEN }}", TOKEN)
        (step,) = (one["run"] for one in job["steps"] if one.get("name") == "Round")
        ticked = "--look-back" if look_back else ""
        command = step.replace("${{ inputs.look-back && '--look-back' || '' }}", ticked).split()
        assert command[0] == "paperwire"
        finished = self.product.runs(*command[1:])
        assert finished.status == 0, finished.err
        return finished.err

    def next_day(self) -> str:
        self.product.clock.advance(timedelta(days=1))
        return self.rounds()

    def brings(self, title: str) -> None:
        """Puts a digest of this day with one paper into the folder of the source."""
        day = self.product.clock.now().date()
        self.product.writes(f"inbox/{day}-{title.replace(' ', '-')}.jsonl", jsonl([paper(title)]))

    def subscribes(self, *lines: str) -> None:
        self.product.writes("chats.txt", "\n".join((f"[{CHAT}]", *lines, "")))

    @property
    def papers(self) -> list[str]:
        """The titles of kelp that the chat got, in their order."""
        texts = [entry.text for entry in self.product.telegram.posted_to("42")]
        return [title for text in texts for title in ("On kelp", "Old kelp", "New kelp") if title in text]


@pytest.fixture
def job(product: Product) -> Job:
    return Job(product)


def test_from_nothing_to_a_digest_each_day(job: Job) -> None:
    job.brings("On kelp")
    assert job.rounds(look_back=True).endswith("Subscriptions: 1 added.\n")
    assert job.papers == ["On kelp"]
    assert job.rounds() == ""
    job.brings("New kelp")
    job.next_day()
    assert job.papers == ["On kelp", "New kelp"]


@pytest.mark.parametrize("when", ["daily 08:00 Europe/Berlin", "now"])
@pytest.mark.parametrize("look_back", [True, False])
def test_a_new_database_sends_what_was_there_only_if_it_shall(job: Job, look_back: bool, when: str) -> None:
    job.subscribes(f"{when} | kelp | ")
    job.brings("Old kelp")
    said = job.rounds(look_back=look_back)
    assert (COUNTED in said) is not look_back
    job.next_day()
    assert job.papers == (["Old kelp"] if look_back else [])


def test_after_a_loss_nothing_comes_again(job: Job) -> None:
    job.brings("Old kelp")
    job.rounds(look_back=True)
    job.next_day()
    job.database.unlink()
    assert COUNTED in job.rounds()
    job.brings("New kelp")
    for _ in range(7):
        job.next_day()
    assert job.papers == ["Old kelp", "New kelp"]


def test_at_each_start_the_file_is_what_is_subscribed(job: Job) -> None:
    job.rounds()
    job.product.says("/sub squid now")
    job.product.says("/unsub 1")
    job.subscribes("daily 08:00 UTC | kelp | algae", "set limit 5", "now | shrimp | ")
    assert job.rounds() == "Subscriptions: 2 added, 1 changed.\n"
    assert job.product.queries() == ["squid", "kelp", "shrimp"]
    job.subscribes("daily 09:00 UTC | kelp | algae", "set limit 5")
    assert job.rounds() == "Subscriptions: 1 changed, 1 removed.\n"
    assert job.product.queries() == ["squid", "kelp"], "what was said in the chat stays"
    assert "limit 5" in job.product.runs("export", "--all").out


@pytest.mark.parametrize("first", ["now | kelp | ", "daily 07:00 UTC | kelp | a", "daily 08:00 Asia/Tokyo | Kelp | a"])
def test_of_two_lines_with_one_query_the_last_holds(job: Job, first: str) -> None:
    job.subscribes(first, "set limit 4", "daily 08:00 UTC | kelp | b", "set limit 5")
    job.rounds()
    job.product.clock.advance(timedelta(hours=1))
    job.brings("New kelp")
    assert "Subscriptions" not in job.rounds()
    job.next_day()
    assert job.papers == ["New kelp"]


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("sometimes | kelp", 2, "Line 2 cannot be imported"),
        ("set limit many", 2, "chats.txt: Line 2 cannot be imported"),
        ("set manage admins", 1, "What is subscribed stays as it was. Line 2 cannot be imported"),
    ],
)
def test_a_line_that_cannot_be_used_changes_nothing(job: Job, line: str, status: int, said: str) -> None:
    job.rounds()
    job.subscribes(line, "now | shrimp | ")
    finished = job.product.runs("run", "--once")
    assert finished.status == status
    assert said in finished.err
    assert job.product.queries() == ["kelp"]


def test_of_a_round_that_was_killed_what_the_job_keeps_is_enough(job: Job) -> None:
    job.product.telegram.knows("43")
    job.subscribes("daily 08:00 UTC | kelp | ", "[telegram:43]", "daily 08:00 UTC | kelp | ")
    job.rounds()
    job.brings("New kelp")
    job.product.clock.advance(timedelta(days=1))
    job.product.telegram.answers("hang before", chat="43")
    with job.product.starts("run", "--once", moved=True) as process:

        def has_come() -> bool:
            process.later(seconds=1)  # a round waits for messages of people, too
            return job.papers == ["New kelp"]

        process.waits_until(has_come)
        job.product.telegram.waits_hanging()
        process.kill()
    (keeping,) = (
        step["with"]["path"] for step in job.workflow["jobs"]["round"]["steps"] if "save" in step.get("uses", "")
    )
    for file in {*job.product.folder.glob("paperwire.db*")} - {*job.product.folder.glob(keeping)}:
        file.unlink()
    job.product.telegram.releases()
    job.next_day()
    assert job.papers == ["New kelp"]


@pytest.mark.parametrize("chat", ["slack:C0123456", "apprise:team"])
def test_a_chat_of_the_file_on_a_platform_that_is_off_is_named(job: Job, chat: str) -> None:
    job.rounds()
    job.subscribes("now | kelp | ", f"[{chat}]", "now | shrimp | ")
    job.product.settings.pop("SLACK_TOKEN", None)
    finished = job.product.runs("run", "--once")
    assert finished.status == 1
    assert f"{chat} gets nothing: " in finished.err


def test_a_token_that_does_not_work_any_more_ends_a_round_with_1(job: Job) -> None:
    job.rounds()
    job.product.telegram.revokes()
    job.brings("New kelp")
    job.product.clock.advance(timedelta(days=1))
    assert job.product.runs("run", "--once").status == 1


def test_the_file_is_checked_before_a_round(job: Job) -> None:
    job.subscribes("sometimes | kelp")
    finished = job.product.runs("check", "--offline")
    assert finished.status == 1
    assert "Line 2 cannot be imported" in finished.out


def test_a_chat_of_the_file_in_which_it_may_not_write_is_named(job: Job) -> None:
    job.rounds()
    job.product.telegram.blocks("42")
    job.brings("New kelp")
    job.product.clock.advance(timedelta(days=1))
    finished = job.product.runs("run", "--once")
    assert finished.status == 1
    assert f"{CHAT} gets nothing: " in finished.err


def test_a_file_that_is_not_there_is_named(job: Job) -> None:
    (job.product.folder / "chats.txt").unlink()
    refusal = job.product.runs("run", "--once").refusal()
    assert refusal.startswith("The subscriptions in ")
    assert "no such file or directory" in refusal


@pytest.mark.parametrize(
    ("when", "lines"),
    [
        ("daily 8 Europe/Berlin", ["10 6 * * *", "10 7 * * *"]),
        ("weekdays 23:55 UTC", ["5 0 * * *"]),
        ("daily 9 Asia/Kolkata", ["40 3 * * *"]),
        ("now", ["17 */3 * * *"]),
        ("when-out 08:00-20:00", ["17 */3 * * *"]),
    ],
)
def test_its_rounds_follow_its_time(product: Product, when: str, lines: list[str]) -> None:
    product.runs("init", "there", *KELP[:-1], when)
    workflow = (product.folder / "there/.github/workflows/paperwire.yml").read_text("utf-8")
    assert [line.partition('"')[2].rstrip('"') for line in workflow.splitlines() if "- cron" in line] == lines


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--source", "everything", "--source cannot be used: it must be categories of arXiv"),
        ("--source", "inbox/*.md\n[backup]", "--source cannot be used: it must be one line of text"),
        ("--source", "cs.LG,stat.MLL", "arXiv has no category stat.MLL"),
        ("--as", "email:a@lab.org", "needs a page"),
        ("--words", "a)(", "--words: "),
        ("--when", "twice a day", "--when: "),
        ("--requirement", "paperwire\n    - run: true", "--requirement cannot be used: it must be one line of text"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    product: Product, option: str, value: str, said: str
) -> None:
    given = [*KELP, "--requirement", "paperwire"]
    given[given.index(option) + 1] = value
    assert said in product.runs("init", "there", *given).refusal()
    assert not (product.folder / "there").exists()


@pytest.mark.parametrize(
    "spec", ["paperwire @ git+https://forge.example/paperwire#egg=paperwire # mine", "[a, b]: {", '"\\\\']
)
@pytest.mark.parametrize("zone", ["+08:00", "Europe/Berlin"])
def test_what_pip_installs_is_one_text_of_the_workflow(product: Product, spec: str, zone: str) -> None:
    assert product.runs("init", "there", *KELP[:-1], f"daily 8 {zone}", "--requirement", spec).status == 0
    workflow = yaml.safe_load((product.folder / "there/.github/workflows/paperwire.yml").read_text("utf-8"))
    env = workflow["jobs"]["round"]["env"]
    assert (env["REQUIREMENT"], env["PAPERWIRE_TIMEZONE"]) == (spec, zone)


def test_nothing_is_overwritten_nothing_is_written_elsewhere_and_nothing_in_part(product: Product) -> None:
    assert "paperwire.toml is there already" in product.runs("init", ".", *KELP).refusal()
    elsewhere = product.folder / "elsewhere.txt"
    product.writes("there/.github", "a file")
    (product.folder / "there/chats.txt").symlink_to(elsewhere)
    assert "chats.txt is there already" in product.runs("init", "there", *KELP).refusal()
    assert not elsewhere.exists()
    (product.folder / "there/chats.txt").unlink()
    assert product.runs("init", "there", *KELP).status != 0
    assert [one.name for one in (product.folder / "there").iterdir()] == [".github"]


def test_a_process_that_is_always_on_follows_the_file_at_its_start(job: Job) -> None:
    with job.product.starts("run", moved=True) as process:
        process.waits_until_ready()
        process.waits_until(lambda: job.product.queries() == ["kelp"])
    job.subscribes("now | shrimp | ")
    with job.product.starts("run", moved=True) as process:
        process.waits_until(lambda: job.product.queries() == ["shrimp"])
