"""Runs the real program against an independent Slack: local-slack, an emulator from npm. By hand, no part of `make test`.

    npm install --prefix FOLDER local-slack-linux-x64@0.1.8
    python -m tests.programs.faults.emulated_slack FOLDER          # by Socket Mode, then by HTTP; half a minute

Our fake Slack is strict, but it may share our mistakes in reading Slack's documentation. The emulator is independent
and accepts almost anything (platforms refuse more), so it shows whether requests and answers have the shapes that other
authors expect, not whether they are allowed. It sends each envelope to every connection of an app, keeps no metadata of
messages, accepts any token, knows no limits and no guests. It listens on all addresses of the machine. Exits with 1 if
something else differs, and says so and exits with 0 if it is not installed.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp

PROGRAM = Path("node_modules/local-slack-linux-x64/bin/local-slack")
ROOT = Path(__file__).parents[3]
PATIENCE = 20.0  # seconds until something that should have happened has not
STEP = 0.1  # seconds between two looks
QUIET = 1.0  # seconds without a further message
BOT, CHANNEL, ANN, BEN = "U0BOT", "C0PAPERS", "U0ANN", "U0BEN"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-emulated", "xapp-emulated", "emulated-signing-secret"
WITHDRAWN = "This paper has been withdrawn by the authors due to an error in Lemma 2."

Mode = Literal["socket", "events"]  # as the emulator calls them
Json = dict[str, Any]


@dataclass(slots=True)
class Findings:
    """The checks and their results."""

    agreed: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)

    def note(self, what: str, *, held: bool, instead: object = "") -> None:
        """Prints one line about one check."""
        (self.agreed if held else self.differs).append(what)
        line = f"  agrees   {what}" if held else f"  DIFFERS  {what}: {instead}"
        sys.stdout.write(line[:600] + "\n")


class Emulator:
    """Acts as people on the emulator, and reads its channels."""

    def __init__(self, web: aiohttp.ClientSession, base: str) -> None:
        self.url = f"{base}/api/"
        self._web = web
        self._base = base

    async def does(self, what: str, **arguments: object) -> Json:
        """Acts as a person; returns when the bot has acknowledged it."""
        async with self._web.post(f"{self._base}/_control/{what}", json=arguments) as answer:
            return dict(await answer.json())

    async def types(self, text: str, *, by: str = ANN) -> None:
        """Types the slash command in the channel."""
        await self.does("command", channel=CHANNEL, user=by, command="/paperwire", text=text)

    async def messages(self, channel: str = CHANNEL) -> list[Json]:
        """Returns the messages of a conversation, oldest first."""
        async with self._web.get(f"{self._base}/_control/messages/{channel}") as answer:
            return list((await answer.json())["messages"])

    async def state(self) -> Json:
        """Returns all that the emulator's own page shows."""
        async with self._web.ws_connect(f"{self._base.replace('http', 'ws', 1)}/ui", max_msg_size=0) as page:
            return dict(json.loads((await page.receive()).data)["state"])

    async def sends(self, values: Json, *, by: str = ANN) -> Json | None:
        """Submits the open form. Returns its errors by field, or None."""
        async with self._web.ws_connect(f"{self._base.replace('http', 'ws', 1)}/ui", max_msg_size=0) as page:
            await page.receive()  # the state at first
            await page.send_json({"t": "view_submit", "user": by, "values": values})
            while True:
                event = json.loads((await page.receive(PATIENCE)).data)
                if event["t"] == "view_errors":
                    return dict(event["errors"])
                if event["t"] == "view" and not event["stack"]:
                    return None

    async def direct(self, person: str) -> str:
        """Returns the conversation of a person with the bot; "" before there is one."""
        channels = (await self.state())["channels"]
        return next((c["id"] for c in channels if c["is_im"] and set(c["members"]) == {person, BOT}), "")


async def until(what: Callable[[], Awaitable[Any]], patience: float = PATIENCE) -> Any:
    """Returns the first result of `what` that is true, else the last one."""
    for _ in range(round(patience / STEP)):
        if found := await what():
            return found
        await asyncio.sleep(STEP)
    return await what()


# ---------------------------------------------------------------------------------------------------------- the story


async def story(slack: Emulator, inbox: Path, found: Findings) -> None:
    """Runs a morning of a channel: set up, papers, a correction, replies."""
    await _subscribed(slack, found)
    await _by_a_form(slack, found)
    await _in_private(slack, found)
    await _papers(slack, inbox, found)
    await _at_home(slack, found)


async def _subscribed(slack: Emulator, found: Findings) -> None:
    await slack.types("sub diffusion now")
    await until(slack.messages)
    await asyncio.sleep(QUIET)  # each of our connections gets the same envelope
    said = await slack.messages()
    found.note("a command that comes by every connection counts once", held=len(said) == 1, instead=_texts(said))
    found.note("what changes the channel is said to all of it", held="subtype" not in said[0], instead=said[0])
    await slack.types("set quiet off")
    await slack.types("list", by=BEN)
    ephemerals = await until(lambda: _ephemerals(slack, BEN))
    found.note("a list is whispered at the response_url", held="diffusion" in str(ephemerals), instead=ephemerals)
    await slack.does("message", channel=CHANNEL, user=BEN, text=f"<@{BOT}> list")
    again = await until(lambda: _more(slack, BEN, len(ephemerals)))
    found.note("a mention is answered with chat.postEphemeral", held=len(again) > len(ephemerals), instead=again)


async def _by_a_form(slack: Emulator, found: Findings) -> None:
    await slack.types("sub")
    stack = await until(lambda: _of(slack, "modalStack"))
    found.note("/paperwire sub opens a form", held=bool(stack) and stack[-1]["type"] == "modal", instead=stack)
    wrong = await slack.sends(_filled(stack[-1], query="-survey"))
    found.note("a wrong form is told what is wrong, and stays", held=set(wrong or ()) == {"query"}, instead=wrong)
    right = await slack.sends(_filled(stack[-1], query="segmentation", when="daily"))
    found.note("a form that is sent closes", held=right is None, instead=right)
    reply = await until(lambda: _message_with(slack, "segmentation"))
    found.note("and subscribes", held=bool(reply), instead=_texts(await slack.messages()))
    undo = _button(reply, "undo")
    await slack.does("interact", channel=CHANNEL, messageTs=reply["ts"], user=ANN, action=undo)
    undone = await until(lambda: _edited(slack, reply["ts"]))
    found.note("a button takes it back, in place", held=bool(undone), instead=_texts(await slack.messages()))


async def _in_private(slack: Emulator, found: Findings) -> None:
    await slack.does("open-home", user=ANN)
    at = await slack.direct(ANN)
    await slack.does("message", channel=at, user=ANN, text="diffusion -survey")
    said = await until(lambda: _from_bot(slack, at))
    found.note("words in direct messages are a preview", held=bool(said), instead=await slack.messages(at))
    await slack.does("message", channel=at, user=ANN, text="sub quantum")
    await until(lambda: _from_bot(slack, at, 2))
    await slack.does("message", channel=at, user=ANN, text="privacy")
    file = await until(lambda: _with_file(slack, at))
    found.note("what is stored is uploaded as a file", held=bool(file), instead=_texts(await slack.messages(at)))


async def _papers(slack: Emulator, inbox: Path, found: Findings) -> None:
    before = len(await slack.messages())
    digest(inbox / "day.jsonl", [(n, 1, "Sampling by diffusion.") for n in range(1, 6)])
    new = await until(lambda: _since(slack, before, 2), 40)
    await asyncio.sleep(QUIET)
    new = await _since(slack, before, 2)
    root, thread = (*new, {}, {})[:2]
    found.note("five papers are a line and its thread, once", held=len(new) == 2, instead=_texts(new))
    found.note("the thread hangs under the line", held=thread.get("thread_ts") == root.get("ts"), instead=thread)
    found.note("each paper has its menu", held=len(_menus(thread)) == 5, instead=len(_menus(thread)))
    first = _menus(thread)[0]
    why = next(option for option in first["options"] if option["text"]["text"] == "why")
    action = {"type": "overflow", "action_id": first["action_id"], "block_id": "x", "selected_option": why}
    seen_before = len(await _ephemerals(slack, BEN))
    await slack.does("interact", channel=CHANNEL, messageTs=thread["ts"], user=BEN, action=action)
    answers = await until(lambda: _more(slack, BEN, seen_before))
    found.note("an entry of the menu answers who chose it", held=len(answers) > seen_before, instead=_texts(answers))
    digest(inbox / "next.jsonl", [(1, 2, WITHDRAWN)])
    edited = await until(lambda: _edited(slack, thread["ts"]), 40)
    found.note("a withdrawal edits the message", held="withdrawn" in str(edited), instead=edited)
    count = len(await slack.messages())
    found.note("and posts nothing", held=count == before + 2 + len(answers) - seen_before, instead=count - before)


async def _at_home(slack: Emulator, found: Findings) -> None:
    await slack.does("open-home", user=ANN)
    home = await until(lambda: _home(slack, "quantum"))
    found.note("the tab Home shows what a person asks for", held="quantum" in str(home), instead=home)


# -------------------------------------------------------------------------------------------------------- what is there


async def _of(slack: Emulator, part: str) -> Any:
    return (await slack.state())[part]


async def _home(slack: Emulator, word: str) -> Json | None:
    home = (await slack.state())["homeViews"].get(ANN)
    return home if word in str(home) else None


async def _ephemerals(slack: Emulator, person: str) -> list[Json]:
    return [one for one in await slack.messages() if one.get("ephemeral_to") == person]


async def _more(slack: Emulator, person: str, than: int) -> list[Json]:
    ephemerals = await _ephemerals(slack, person)
    return ephemerals if len(ephemerals) > than else []


async def _message_with(slack: Emulator, word: str) -> Json | None:
    return next((one for one in await slack.messages() if word in one["text"] and one["user"] == BOT), None)


async def _edited(slack: Emulator, ts: str) -> Json | None:
    return next((one for one in await slack.messages() if one["ts"] == ts and "edited" in one), None)


async def _from_bot(slack: Emulator, channel: str, many: int = 1) -> list[Json]:
    said = [one for one in await slack.messages(channel) if one["user"] == BOT]
    return said if len(said) >= many else []


async def _with_file(slack: Emulator, channel: str) -> Json | None:
    return next((one for one in await slack.messages(channel) if one.get("files")), None)


async def _since(slack: Emulator, before: int, many: int) -> list[Json]:
    new = (await slack.messages())[before:]
    return new if len(new) >= many else []


def _menus(message: Mapping[str, Any]) -> list[Json]:
    found = [block["accessory"] for block in message.get("blocks", ()) if "accessory" in block]
    return [one for one in found if one["type"] == "overflow"]


def _button(message: Json, label: str) -> Json:
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    (found,) = [one for row in rows for one in row if one["text"]["text"] == label]
    return {"type": "button", "block_id": "x", **found}


def _filled(view: Json, **chosen: str) -> Json:
    """Returns the values of a form in which a person fills in these fields only."""
    inputs = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    return {name: {name: _value(element, chosen.get(name))} for name, element in inputs.items()}


def _value(element: Json, chosen: str | None) -> Json:
    kind = element["type"]
    if kind == "plain_text_input":
        return {"type": kind, "value": chosen or element.get("initial_value")}
    if kind == "timepicker":
        return {"type": kind, "selected_time": chosen or element.get("initial_time")}
    option = next((one for one in element["options"] if one["value"] == chosen), element.get("initial_option"))
    return {"type": kind, "selected_option": option}


def _texts(messages: list[Json]) -> list[str]:
    return [one["text"] for one in messages]


def digest(path: Path, papers: list[tuple[int, int, str]]) -> None:
    """Writes a digest of (number, version, abstract) and moves it into the folder at once."""
    lines = [
        json.dumps(
            {
                "id": f"2611.{number:05d}v{version}",
                "title": f"Diffusion and the number {number}",
                "authors": ["Ann Example"],
                "categories": ["cs.LG"],
                "summary": abstract,
                "abs": f"https://arxiv.org/abs/2611.{number:05d}",
            }
        )
        for number, version, abstract in papers
    ]
    half = path.with_suffix(".part")
    half.write_text("\n".join(lines) + "\n")
    half.rename(path)


# ------------------------------------------------------------------------------------------------------- the processes


@asynccontextmanager
async def emulating(program: Path, folder: Path, mode: Mode, web_port: int) -> AsyncIterator[Emulator]:
    """Runs the emulator with a channel and two people."""
    app = {"appId": "A0PW", "botUserId": BOT, "botName": "paperwire", "botToken": BOT_TOKEN, "mode": mode}
    app |= {"appToken": APP_TOKEN, "signingSecret": SECRET}
    app |= {"requestUrl": f"http://127.0.0.1:{web_port}/slack/events"} if mode == "events" else {}
    people = [{"id": ANN, "name": "ann", "tz": "Europe/Berlin"}, {"id": BEN, "name": "ben", "tz": "Asia/Tokyo"}]
    channel = {"id": CHANNEL, "name": "papers", "members": [BOT, ANN, BEN]}
    config = folder / "slack.json"
    config.write_text(json.dumps({"apps": [app], "users": people, "channels": [channel]}))
    port = free_port()
    command = [str(program), "--config", str(config), "--port", str(port), "--base-host", "127.0.0.1"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with aiohttp.ClientSession() as web:
            slack = Emulator(web, f"http://127.0.0.1:{port}")
            await until(lambda: _up(slack))
            yield slack
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def paperwire(
    folder: Path, settings: Mapping[str, str], ready: Callable[[], Awaitable[bool]], found: Findings
) -> AsyncIterator[Path]:
    """`paperwire run` with these variables, once it is `ready`; the folder that it watches.

    It must end well, and show no secret: every setting whose value begins with "x" or has the word secret is one.
    """
    inbox = folder / "inbox"
    inbox.mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.jsonl"\n')
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=folder, env=environment(folder, settings), stderr=out, stdout=out
        )
    try:
        found.note("the bot is there", held=bool(await until(ready)))
        yield inbox
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 30)
        said = log.read_text()
        secrets = [value for value in settings.values() if value.startswith("x") or "secret" in value]
        clean = code == 0 and "Traceback" not in said and not any(secret in said for secret in secrets)
        found.note("it ends with 0, without a traceback or a secret", held=clean, instead=(code, said[-2000:]))


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables of a process: a database in the folder, these settings, and none of the caller's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PAPERWIRE_")}
    ours |= {"PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db", "PAPERWIRE_ACCESS": "open"}
    return {**ours, **settings, "PYTHONPATH": str(ROOT)}


async def _up(slack: Emulator) -> bool:
    try:
        return bool(await slack.state())
    except aiohttp.ClientError:
        return False


async def _listening(slack: Emulator, mode: Mode, port: int) -> bool:
    if mode == "socket":
        log = (await slack.state())["log"]
        return sum("socket connected" in str(one["summary"]) for one in log) >= 2
    return await is_ready(port)


async def is_ready(port: int) -> bool:
    """Returns whether our web address says that it is ready."""
    try:
        async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{port}/health/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def run(program: Path, mode: Mode) -> Findings:
    """Runs the whole story, with one way of receiving."""
    found, port = Findings(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with emulating(program, Path(folder), mode, port) as slack:
            heard = {"PAPERWIRE_SLACK_APP_TOKEN": APP_TOKEN}
            settings = {
                "PAPERWIRE_SLACK_BOT_TOKEN": BOT_TOKEN,
                "PAPERWIRE_SLACK_API_URL": slack.url,
                "PAPERWIRE_WEB_PORT": str(port),
                **(heard if mode == "socket" else {"PAPERWIRE_SLACK_SIGNING_SECRET": SECRET}),
            }
            async with paperwire(Path(folder), settings, lambda: _listening(slack, mode, port), found) as inbox:
                await story(slack, inbox, found)
    return found


def main() -> None:
    """Runs both ways, and prints a line for each finding."""
    program = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / PROGRAM
    if not program.exists():
        sys.stdout.write(f"Skipped: {program} is not installed; how it comes there stands in this module.\n")
        return
    differs = 0
    modes: tuple[Mode, ...] = ("socket", "events")
    for mode in modes:
        sys.stdout.write(f"{mode}\n")
        found = asyncio.run(run(program, mode))
        differs += len(found.differs)
        sys.stdout.write(f"{len(found.agreed)} agree, {len(found.differs)} differ\n")
    sys.exit(bool(differs))


if __name__ == "__main__":
    main()
