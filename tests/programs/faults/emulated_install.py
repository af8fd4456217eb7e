"""Runs the real program against another emulator from npm, `emulate`: installed by OAuth, it posts, replies and edits there.

    npm install --prefix FOLDER emulate@0.11.2            # needs node; `latest` is another package
    python -m tests.programs.faults.emulated_install FOLDER        # a quarter of a minute

See also tests.programs.faults.emulated_slack. This emulator has no Socket Mode and no signatures of events, but it keeps
metadata, checks scopes, and gives tokens for codes. It reads no arguments of a POST from the address, and has no GET
for methods that only read. Exits with 1 if something else differs, and says so and exits with 0 if it is not installed.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.programs.faults.emulated_slack import (
    WITHDRAWN,
    Findings,
    digest,
    environment,
    free_port,
    is_ready,
    paperwire,
    until,
)

PROGRAM = Path("node_modules/emulate/dist/index.js")
CLIENT, SECRET, JUDGE = "111.222", "emulated-client-secret", "xoxp-judge"
TEAM, CHANNEL, ADMIN = "T000000001", "C000000001", "U000000001"  # as the emulator names its first ones
READS = ("channels:history", "im:history", "channels:read", "im:read", "mpim:read", "groups:read", "groups:history")


class Workspace:
    """Calls the emulator as a test does."""

    def __init__(self, web: aiohttp.ClientSession, base: str) -> None:
        self.base = base
        self._web = web

    async def call(self, method: str, **arguments: str) -> dict[str, Any]:
        """Calls its Web API with a token that may read everything."""
        headers = {"Authorization": f"Bearer {JUDGE}"}
        async with self._web.post(f"{self.base}/api/{method}", data=arguments, headers=headers) as answer:
            return dict(await answer.json())

    async def posted(self, many: int, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """Returns the messages of a channel, oldest first; none while there are fewer than so many."""
        messages = (await self.call("conversations.history", channel=channel)).get("messages", [])
        replies = [await self._replies(channel, one["ts"]) for one in messages if one.get("reply_count")]
        found = sorted([*messages, *(reply for thread in replies for reply in thread)], key=lambda one: str(one["ts"]))
        unique = {one["ts"]: one for one in found}
        return list(unique.values()) if len(unique) >= many else []

    async def _replies(self, channel: str, ts: str) -> list[dict[str, Any]]:
        found = await self.call("conversations.replies", channel=channel, ts=ts)
        return [one for one in found.get("messages", []) if one["ts"] != ts]

    async def lets_in(self, ours: str, found: Findings) -> None:
        """Installs the app as a browser does: from our page to the emulator's, and back with a code."""
        async with self._web.get(f"{ours}/slack/install", allow_redirects=False) as answer:
            there, cookie = answer.headers["location"], answer.headers["set-cookie"].partition(";")[0]
        found.note(
            "the browser is sent to its page", held=there.startswith(f"{self.base}/oauth/v2/authorize"), instead=there
        )
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        form = {**asked, "user_id": ADMIN, "redirect_uri": f"{ours}/slack/oauth_redirect"}
        async with self._web.post(
            f"{self.base}/oauth/v2/authorize/callback", data=form, allow_redirects=False
        ) as answer:
            back = answer.headers["location"]
        async with self._web.get(back, headers={"Cookie": cookie}) as answer:
            said = await answer.text()
        found.note("its code becomes a token", held="paperwire is installed" in said, instead=said)


@asynccontextmanager
async def emulating(program: Path, folder: Path, ours: str) -> AsyncIterator[Workspace]:
    """Runs the emulator with our app, and with scopes that are checked."""
    port = free_port()
    back = f"{ours}/slack/oauth_redirect"
    app = {"client_id": CLIENT, "client_secret": SECRET, "name": "paperwire", "redirect_uris": [back]}
    judge = {"token": JUDGE, "user_id": ADMIN, "scopes": list(READS)}
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"slack": {"strict_scopes": True, "oauth_apps": [app], "tokens": [judge]}}))
    command = ["node", str(program), "start", "--service", "slack", "--port", str(port), "--seed", str(seed)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, cwd=folder)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as web:
            slack = Workspace(web, f"http://127.0.0.1:{port}")
            await until(lambda: _up(slack))
            yield slack
    finally:
        process.terminate()
        await process.wait()


async def _up(slack: Workspace) -> bool:
    try:
        return bool((await slack.call("auth.test"))["ok"])
    except aiohttp.ClientError:
        return False


async def story(slack: Workspace, folder: Path, inbox: Path, settings: Mapping[str, str], found: Findings) -> None:
    """Delivers papers to a channel and a person, and a correction."""
    me = f"slack:{TEAM}/{ADMIN}"
    for chat in (f"slack:{TEAM}/{CHANNEL}", me):
        await _ours(folder, settings, "subscribe", "diffusion", "--every", "now", "--as", chat)
        await _ours(folder, settings, "set", "quiet", "off", "--as", chat)
    digest(inbox / "day.jsonl", [(n, 1, "Sampling by diffusion.") for n in range(1, 6)])
    line, thread = (await until(lambda: slack.posted(2), 40) or [{}, {}])[:2]
    found.note(
        "five papers are a line and its thread", held=thread.get("thread_ts") == line.get("ts", ""), instead=line
    )
    found.note("the emulator counts the reply", held=line.get("reply_count") == 1, instead=line)
    payload = thread.get("metadata", {}).get("event_payload", {})
    found.note("each message carries its delivery and number", held=payload.get("n") == 2, instead=payload)
    found.note("no link grows a preview", held=thread.get("unfurl_links") is False, instead=thread)
    direct = await until(lambda: _direct(slack))
    found.note(
        "a person is written to in direct messages", held=len(direct) == 1, instead=direct
    )  # five are five alerts
    digest(inbox / "next.jsonl", [(1, 2, WITHDRAWN)])
    edited = await until(lambda: _edited(slack, str(thread.get("ts"))), 40)
    found.note("a withdrawal edits the message", held="withdrawn" in str(edited), instead=edited)
    found.note("and posts nothing", held=len(await slack.posted(0)) == 2, instead=await slack.posted(0))


async def _direct(slack: Workspace) -> list[dict[str, Any]]:
    channels = (await slack.call("conversations.list", types="im"))["channels"]
    return await slack.posted(1, channels[0]["id"]) if channels else []


async def _edited(slack: Workspace, ts: str) -> dict[str, Any] | None:
    return next((one for one in await slack.posted(0) if one["ts"] == ts and "edited" in one), None)


async def _ours(folder: Path, settings: Mapping[str, str], *arguments: str) -> None:
    """Runs another subcommand while `run` works."""
    command = [sys.executable, "-m", "bot", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(folder, settings), stdout=subprocess.DEVNULL
    )
    assert await process.wait() == 0, arguments


async def run(program: Path) -> Findings:
    """Runs the whole story."""
    found, port = Findings(), free_port()
    ours = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with emulating(program, folder, ours) as slack:
            settings = {
                "PAPERWIRE_WEB_PORT": str(port),
                "PAPERWIRE_SLACK_API_URL": f"{slack.base}/api/",
                "PAPERWIRE_SLACK_CLIENT_ID": CLIENT,
                "PAPERWIRE_SLACK_CLIENT_SECRET": SECRET,
                "PAPERWIRE_SLACK_SIGNING_SECRET": "secret-that-signs",
                "PAPERWIRE_SECRET_KEY": "secret-that-seals",
            }
            async with paperwire(folder, settings, lambda: is_ready(port), found) as inbox:
                await slack.lets_in(ours, found)
                await story(slack, folder, inbox, settings, found)
    return found


def main() -> None:
    """Prints a line for each finding."""
    program = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / PROGRAM
    if not program.exists():
        sys.stdout.write(f"Skipped: {program} is not installed; how it comes there stands in this module.\n")
        return
    found = asyncio.run(run(program.absolute()))
    sys.stdout.write(f"{len(found.agreed)} agree, {len(found.differs)} differ\n")
    sys.exit(bool(found.differs))


if __name__ == "__main__":
    main()
