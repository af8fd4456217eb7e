"""init: writes a folder that a scheduled job runs without a server (docs/without-a-server.md)."""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from json import dumps
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bot.cli.output import print_error, print_line
from bot.cli.session import clock_from, one_time
from bot.connections import CHAT_FORMS
from bot.release import installed_version
from bot.rendering.dialects import draw_text
from bot.settings import FILE, Settings, values
from subscriptions import model
from subscriptions.chats import addresses
from subscriptions.errors import PaperwireError, WrongUsage
from subscriptions.query.categories import announced_category
from subscriptions.schedule.times import Ending, When, read_when, typed_query
from subscriptions.schedule.zones import zone
from subscriptions.subscribing import export_format as portable

T = TypeVar("T")

SUBSCRIPTIONS = "chats.txt"
# the template of each file → its place in the folder
_FILES = {
    "paperwire.toml": FILE,
    "chats.txt": SUBSCRIPTIONS,
    "paperwire.yml": ".github/workflows/paperwire.yml",
    "gitignore": ".gitignore",
}
_AFTER = timedelta(minutes=10)  # from the moment of the subscription to the round: schedules of jobs are inexact
_OFTEN = "17 */3 * * *"  # rounds of a subscription without a time of day


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the files go; it is made if need be.")
    ] = Path(),
    *,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Categories of arXiv (cs.LG,stat.ML), a web address, or a path of files."),
    ] = None,
    chat: Annotated[str | None, typer.Option("--as", metavar="CHAT", help=CHAT_FORMS)] = None,
    words: Annotated[str | None, typer.Option(metavar="QUERY", help="What the papers are about.")] = None,
    when: Annotated[str | None, typer.Option(metavar="WHEN", help="When they come: daily 8 Europe/Berlin.")] = None,
    requirement: Annotated[
        str | None, typer.Option(metavar="SPEC", help="What pip installs in the job; by default this version.")
    ] = None,
) -> int:
    """Write a folder that a scheduled job runs, without a server: source, chat, words and time.

    Asks for what no option names.
    """
    places = {template: folder / place for template, place in _FILES.items()}
    if there := [str(place) for place in places.values() if place.exists() or place.is_symlink()]:
        raise WrongUsage(f"{there[0]} is there already.", "Name a new folder, or change the files of this one by hand.")
    lines = _answer("--source", source, "Papers from (cs.LG,stat.ML, a web address, or a path)", _source)
    address = _answer("--as", chat, f"To which chat ({CHAT_FORMS})", _chat)
    wanted = _answer("--words", words, "About what", _wanted)
    read = _answer("--when", one_time(wanted, when), "When (daily 8 Europe/Berlin)", read_when)
    own = read.zone or "UTC"
    destination, secret = _secret(address)
    number = installed_version()
    spec = f"paperwire[{'apprise' if destination else 'meaning'}]" + (f"=={number}" if number else "")
    drawn = {
        template: draw_text(
            "folder",
            template,
            source=lines,
            subscriptions=SUBSCRIPTIONS,
            chat=address,
            when=str(read.cadence) if read.cadence.kind == "now" else f"{read.cadence} {own}",
            words=wanted.query,
            zone=own,
            rounds=_rounds(read, clock_from(None, Settings()).now().year),
            admin=address if secret and not destination and address.address.isdecimal() else "",
            secret=secret,
            destination=destination,
            requirement=dumps(_answer("--requirement", requirement or spec, "", values.one_line)),
        )
        for template in places
    }
    for place in places.values():  # before any file is written, since one of them may not be allowed
        place.parent.mkdir(parents=True, exist_ok=True)
    for template, place in places.items():
        place.write_text(drawn[template], "utf-8")
        print_line(f"✓ {place}")
    print_line(*_next_steps(folder, secret, from_index="" if requirement else spec))
    return 0


def _answer(option: str, given: str | None, question: str, read: Callable[[str], T]) -> T:
    """Return what an option or a person says, as `read` reads it. Ask a person again until it can be read.

    Raise WrongUsage.
    """
    while True:
        if given is None and not sys.stdin.isatty():
            raise WrongUsage(f"{option} is missing.", "Nobody can be asked here, so each option has to be given.")
        text = typer.prompt(question, err=True) if given is None else given
        try:
            return read(text.strip())
        except PaperwireError as error:
            refusal = WrongUsage(f"{option}: {error.sentence}", str(error.hint))
        except ValueError as error:
            refusal = WrongUsage(f"{option} cannot be used: {error}.")
        if given is not None:
            raise refusal
        print_error(str(refusal))


def _wanted(text: str) -> Ending:
    """Return a query, and the time that may follow it. Raises QueryError, Refused."""
    ending = typed_query(text)
    return replace(ending, query=portable.kept_query(ending.query).text)


def _source(text: str) -> str:
    """Return the line of the source's table. Raise ValueError, and PaperwireError for an unknown category."""
    if "://" in text:
        return f"url = {dumps(values.digest_address(text))}"
    named = [part for part in re.split(r"[,\s]+", text) if part]
    categories = [announced_category(part) for part in named]
    if named and all(categories):
        return f"arxiv = {dumps(categories)}"
    for part in named:
        if announced_category(part) is None and announced_category(part.partition(".")[0]):
            raise ValueError(f"arXiv has no category {part}; a file of this name is ./{part}")
    if not re.search(r"[./\\*]", text):
        raise ValueError("it must be categories of arXiv such as cs.LG, a web address, or a path such as inbox/*.md")
    return f"path = {dumps(values.one_line(text), ensure_ascii=False)}"


def _chat(text: str) -> model.ChatAddress:
    """Return the address of a chat that a job can serve. Raise PaperwireError."""
    address = addresses.parse_address(text)
    facts = addresses.facts_of(address.platform)
    if facts.confirms or facts.keeps_messages:  # an address agrees on a page
        raise WrongUsage(f"{address} needs a page, and thus a server.", "The papers can come to a chat instead.")
    return address


def _secret(chat: model.ChatAddress) -> tuple[str, str]:
    """Return (the name of a service of Apprise or "", the variable with the secret of its platform or "")."""
    facts = addresses.facts_of(chat.platform)
    if facts.has_only_named_chats:
        return chat.address, f"{re.sub('[^A-Z0-9]', '_', chat.address.upper())}_URL"
    return "", facts.token_variable


def _rounds(when: When, year: int) -> list[str]:
    """Return the cron lines, in UTC, of the rounds that follow a time of day.

    Where clocks change there are two, one of them early.
    """
    at = when.cadence.at
    if at is None or when.cadence.kind == "when-out":
        return [_OFTEN]
    days = (date(year, month, 1) for month in range(1, 13))
    own = zone(when.zone or "UTC")
    moments = {(datetime.combine(day, at, own) + _AFTER).astimezone(UTC).time() for day in days}
    return [f"{moment.minute} {moment.hour} * * *" for moment in sorted(moments)]


def _next_steps(folder: Path, secret: str, *, from_index: str) -> Iterator[str]:
    """Yield what to do with the folder: by hand, on GitHub, by cron.

    `from_index`: what the job installs from the index of packages; "" if a person named it.
    """
    place, token = shlex.quote(str(folder.absolute())), f"{secret}_FILE=token " if secret else ""
    called = Path(sys.argv[0]).absolute()
    here = str(called) if called.name == "paperwire" else "paperwire"
    program = shlex.quote(shutil.which("paperwire") or here)  # cron does not look where pipx and uv install
    round_of = f"{token}PAPERWIRE_DATABASE_URL=sqlite:///paperwire.db {program} run --once"
    yield ""
    if secret:
        yield f"Put {secret} into {place}/token, which Git leaves out, and let nobody else read it: chmod 600 token"
    yield "A first round here, with the papers of the last days:"
    yield f"  cd {place} && {round_of} --look-back"
    yield "On GitHub, for nothing: push the folder to a private repository, and run its workflow once, with look-back ticked."
    if secret:
        yield f"  Its secret {secret} goes under Settings, Secrets and variables, Actions."
    if from_index:
        yield f"  The job installs {from_index} from the index of packages. If that is not there yet, let REQUIREMENT in the"
        yield "  workflow name a repository or a file first (--requirement)."
    yield "On a machine that is on now and then, a line of cron:"
    yield f"  */30 * * * *  cd {place} && {round_of}"
