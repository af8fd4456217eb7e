"""A fake Slack on loopback, as strict as the real Slack: Web API, Socket Mode, response URLs.

slack_workspace has the workspaces, slack_methods the methods, blocks the checks of blocks, and slack_event_delivery
sends events to the app. The fake does not de-duplicate by client_msg_id, so a test sees a message that was sent twice.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes import slack_methods as methods
from tests.fakes.faults import JSON, Fault
from tests.fakes.journal import Entry
from tests.fakes.server import LOOPBACK, ApiCall, ApiResponse
from tests.fakes.slack_event_delivery import SentEnvelope
from tests.fakes.slack_people import APP_TOKEN, TEAM, TOKEN, SlackPeople, Upload, escaped
from tests.fakes.slack_workspace import (
    FakeConversation,
    FakePerson,
    FakeWorkspace,
    Refusal,
)

SCOPES = {  # what an installed app may do
    "chat:write", "commands", "app_mentions:read", "im:history", "im:write", "channels:history", "groups:history", "mpim:history",
    "channels:read", "groups:read", "mpim:read", "users:read", "files:read", "files:write",
}  # fmt: skip
LASTS = 30 * 60.0  # seconds for which a response URL is valid (docs.slack.dev, Handling user interaction)


class FakeSlack(SlackPeople):
    """Verbs about places: knows, knows_person, leaves, archives, forbids, unblocks, deletes.

    Verbs about the app: grants, withdraws, revokes, restores. Verbs of people: says, user_types,
    mentions, writes_dm, clicks. Verbs for events: invites, leaves, archives, unarchives,
    renames, deletes_channel, changes_id. Verbs about the connection:
    drops_connections, repeats. Verbs of people return a `SentEnvelope`, which tells whether the app
    acknowledged it.
    """

    send = "chat.postMessage"
    root = "/api/"

    @property
    def _conversations(self) -> dict[str, FakeConversation]:
        return self._first.conversations

    @property
    def token(self) -> str:
        return self._first.token

    @property
    def team(self) -> str:
        return self._first.team

    @property
    def scopes(self) -> set[str]:
        return self._first.scopes

    def knows(
        self,
        channel: str,
        *,
        member: bool = True,
        private: bool = False,
        name: str = "general",
        people: tuple[str, ...] = (),
    ) -> None:
        """Adds a channel. With `member`, the bot is in it."""
        self._first.conversations[channel] = FakeConversation(channel, member, private, name=name, people=set(people))

    def knows_person(self, user: str, *, home: str = "", **more: Any) -> None:
        """Adds a person. For a person "U…", the id of the direct messages is "D…".

        `home` is the person's own workspace, if it is another one. `more` are fields of FakePerson.
        """
        workspace = self._first
        workspace.people[user] = FakePerson(user, home or workspace.team, **more)

    def says(self, channel: str, text: str, times: int = 1) -> str:
        """Posts `times` messages in the channel as another person. Returns the ts of the last one."""
        ts = ""
        for _ in range(times):
            ts = self._stamp()
            self._conversations[channel].messages[ts] = {"type": "message", "user": "U0ANN", "text": text, "ts": ts}
        return ts

    def deletes(self, channel: str, ts: str) -> None:
        """Deletes a message as a person does."""
        del self._conversations[channel].messages[ts]

    def forbids(self, channel: str, code: str = "restricted_action") -> None:
        self._conversations[channel].refusal = code

    def forbids_threads(self, channel: str, code: str = "restricted_action_non_threadable_channel") -> None:
        """Takes posts in a channel, but no replies in threads."""
        self._conversations[channel].threads_refusal = code

    def deletes_message(self, channel: str, ts: str) -> None:
        """Deletes a message as a person, and leaves what was answered to it."""
        conversation = self._conversations[channel]
        del conversation.messages[ts]
        conversation.deleted.add(ts)

    def shown_in(self, channel: str) -> list[str]:
        """Returns the texts that stand in a channel now, outside of threads."""
        return [one["text"] for one in self._conversations[channel].messages.values() if not one.get("thread_ts")]

    def unblocks(self, channel: str) -> None:
        """Lets the bot write again: it is a member, the channel is not archived, and nothing forbids it to write."""
        conversation = self._conversations[channel]
        conversation.member, conversation.archived, conversation.refusal = True, False, ""

    def grants(self, scope: str) -> None:
        self.scopes.add(scope)

    def grants_all(self) -> None:
        """Grants the app all scopes of SCOPES. A method that needs another scope is refused."""
        self._first.scopes |= SCOPES

    def withdraws(self, scope: str) -> None:
        self.scopes.discard(scope)

    def revokes(self, code: str = "token_revoked") -> None:
        """Refuses the token with this code from now on."""
        self._first.revoked = code

    @property
    def is_revoked(self) -> bool:
        """Tells whether the token of the app's own workspace is refused."""
        return bool(self._first.revoked)

    def restores(self) -> None:
        self._first.revoked = ""

    def ephemerals_to(self, user: str, channel: str = "C1") -> list[Entry]:
        """Returns the ephemeral messages to a person in a channel, in order."""
        return [
            e for e in self.journal if e.kind == "ephemeral" and e.chat == channel and e.payload.get("user") == user
        ]

    def sees(self, user: str, channel: str = "C1") -> list[str]:
        """Returns the texts that a person sees in a channel now, including ephemeral messages to that person."""
        conversation = self._first.conversations[channel]
        return [one["text"] for one in conversation.messages.values() if one.get("whispered", user) == user]

    def too_many(self, retry_after: object) -> Fault:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Fault(status=429, body='{"ok": false, "error": "ratelimited"}', content_type=JSON, headers=headers)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/link/"):
            return await self.event_delivery.connect(request)
        return await super()._serve(request)

    async def _down(self) -> None:
        await self.event_delivery.hang_up()
        await super()._down()

    async def read(self, request: web.BaseRequest) -> ApiCall:
        raw = await request.read()
        method = request.path.removeprefix(self.root)
        bearer = request.headers.get("Authorization", "")
        token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else ""
        arguments: dict[str, Any] = dict(request.query)
        if not request.path.startswith(self.root):  # response URLs and files have other paths
            return ApiCall(method=request.path, token=token, arguments={"body": raw})
        text, problem = raw.decode("utf-8", "replace"), ""
        if request.content_type == "application/json":
            try:
                arguments.update(json.loads(text or "{}"))
            except ValueError:
                problem = "invalid_json"
            if method not in methods.JSON_METHODS and text:
                problem = "invalid_arguments"  # stricter than Slack, which ignores arguments that it cannot read
        else:
            arguments.update(parse_qsl(text, keep_blank_values=True))
        token = token or str(arguments.pop("token", ""))
        workspace = self._by_token(token)
        channel = str(arguments.get("channel", ""))
        return ApiCall(
            method=method,
            token=token,
            arguments=arguments,
            chat=workspace.chat(channel) if workspace and channel else channel,
            problem=problem,
        )

    def handle(self, call: ApiCall) -> ApiResponse:
        if call.method.startswith("/"):
            return self._handle_address(call)
        workspace = self._by_token(call.token)
        try:
            body = self._do(call, workspace)
        except Refusal as no:
            return ApiResponse(body=no.body)
        return ApiResponse(
            body={"ok": True, **body},
            headers={"X-OAuth-Scopes": ",".join(sorted(workspace.scopes)) if workspace else ""},
        )

    def _do(self, call: ApiCall, workspace: FakeWorkspace | None) -> dict[str, Any]:
        if call.method == "apps.connections.open":
            return self._open_connection(call)
        method = self._methods().get(call.method)
        if method is None:
            raise Refusal("unknown_method", req_method=call.method)
        Refusal.when(not call.token, "not_authed")
        if workspace is None:
            raise Refusal("not_allowed_token_type" if call.token.startswith("xapp-") else "invalid_auth")
        Refusal.when(workspace.revoked, workspace.revoked)
        Refusal.when(call.problem, call.problem)
        return method(workspace, call)

    def _methods(self) -> dict[str, Callable[[FakeWorkspace, ApiCall], dict[str, Any]]]:
        reads = {
            name: (lambda workspace, call, read=read: read(workspace, call.arguments))
            for name, read in methods.READS.items()
        }
        return {
            **reads,
            "auth.test": self._whoami,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.open": self._open_direct,
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "files.getUploadURLExternal": self._begin_upload,
            "files.completeUploadExternal": self._complete_upload,
            "files.info": self._file_info,
        }

    def _whoami(self, workspace: FakeWorkspace, _: ApiCall) -> dict[str, Any]:
        return {
            "url": f"https://{workspace.team.lower()}.slack.com/",
            "team": workspace.team.lower(),
            "user": "paperwire",
            "team_id": workspace.team,
            "user_id": workspace.bot,
            "bot_id": "B0BOT",
        }

    def _open_connection(self, call: ApiCall) -> dict[str, Any]:
        Refusal.when(
            not call.token.startswith("xapp-"),
            "not_allowed_token_type" if self._by_token(call.token) else "invalid_auth",
        )
        Refusal.when(call.token != self._first.app_token, "invalid_auth")
        return {"url": f"ws://{LOOPBACK}:{self.port}/link/?ticket={self.event_delivery.ticket(call.token)}"}

    def _post_message(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("chat:write")
        conversation = workspace.writable(str(call.arguments.get("channel", "")))
        message = methods.checked(call.arguments)
        thread = self._in_thread(conversation, call)
        if thread:
            message["thread_ts"] = thread
        ts = workspace.next_ts()
        conversation.messages[ts] = {**message, "ts": ts, "user": workspace.bot, "type": "message"}
        payload = message.get("metadata", {}).get("event_payload", {})
        self._note(
            call,
            kind="post",
            chat=workspace.chat(conversation.id),
            thread=thread,
            id=ts,
            text=message["text"],
            delivery=str(payload.get("id", "")),
            number=int(payload.get("n", 0)),
        )
        return {"channel": conversation.id, "ts": ts, "message": {**message, "ts": ts}}

    def _post_ephemeral(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("chat:write")
        conversation = workspace.writable(str(call.arguments.get("channel", "")))
        user = str(call.arguments.get("user", ""))
        Refusal.when(user not in workspace.people, "user_not_found")
        Refusal.when(conversation.people and user not in conversation.people, "user_not_in_channel")
        message = methods.checked(call.arguments)
        self._in_thread(conversation, call)
        return {"message_ts": self._store_ephemeral(workspace, conversation, user, message, call.arguments)}

    def _delete(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("chat:write")
        conversation, ts = workspace.writable(str(call.arguments.get("channel", ""))), str(call.arguments.get("ts"))
        Refusal.when(ts not in conversation.messages, "message_not_found")
        Refusal.when(conversation.messages[ts].get("user") != workspace.bot, "cant_delete_message")
        del conversation.messages[ts]
        conversation.deleted.add(ts)
        return {"channel": conversation.id, "ts": ts}

    def _in_thread(self, conversation: FakeConversation, call: ApiCall) -> str:
        thread = str(call.arguments.get("thread_ts") or "")
        if thread:
            Refusal.when(conversation.threads_refusal, conversation.threads_refusal)
            if thread in conversation.deleted:
                return ""  # Slack posts in the channel and answers ok (as one probe showed)
            parent = conversation.messages.get(thread)
            if parent is None or parent.get("thread_ts", thread) != thread:
                raise Refusal("thread_not_found")  # stricter than Slack, which starts a new thread, as reports say
        return thread

    def _store_ephemeral(
        self,
        workspace: FakeWorkspace,
        conversation: FakeConversation,
        user: str,
        message: dict[str, Any],
        said: Mapping[str, Any],
    ) -> str:
        thread = str(said.get("thread_ts") or "")
        ts = workspace.next_ts()
        shown = {**message, "ts": ts, "user": workspace.bot, "whispered": user}
        conversation.messages[ts] = {**shown, "thread_ts": thread} if thread else shown
        self.journal.write(
            Entry(
                at=time.time(),
                kind="ephemeral",
                chat=workspace.chat(conversation.id),
                thread=thread,
                id=ts,
                text=message["text"],
                payload={**said, "user": user},
            )
        )
        return ts

    def _update(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("chat:write")
        conversation = workspace.writable(str(call.arguments.get("channel", "")))
        ts = str(call.arguments.get("ts", ""))
        known = conversation.messages.get(ts)
        if known is None or "whispered" in known:
            raise Refusal("message_not_found")
        Refusal.when(known["user"] != workspace.bot, "cant_update_message")
        message = methods.checked(call.arguments)
        # Blocks and metadata stay unchanged if the call does not contain them.
        conversation.messages[ts] = {**known, **message}
        self._note(call, kind="edit", chat=workspace.chat(conversation.id), id=ts, text=message["text"])
        return {"channel": conversation.id, "ts": ts, "text": message["text"]}

    def _open_direct(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("im:write")
        user = str(call.arguments.get("users", ""))
        Refusal.when(user not in workspace.people, "user_not_found")
        return {"channel": {"id": workspace.direct_with(user).id}}

    def _history(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        found = methods.history(workspace, call.method, call.arguments)
        found["messages"] = [one for one in found["messages"] if "whispered" not in one]
        return found

    def _begin_upload(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("files:write")
        name, length = str(call.arguments.get("filename") or ""), str(call.arguments.get("length") or "")
        Refusal.when(not name or not length.isdecimal() or length == "0", "invalid_arguments")
        file = f"F{next(self._numbers)}"
        self._uploads[file] = Upload(workspace, name, int(length))
        return {"upload_url": f"http://{LOOPBACK}:{self.port}/upload/{file}", "file_id": file}

    def _complete_upload(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("files:write")
        conversation = workspace.writable(str(call.arguments.get("channel_id", "")))
        for named in methods.unpacked(call.arguments.get("files"), "invalid_arguments"):
            upload = self._uploads.get(str(named.get("id")))
            if upload is None or upload.workspace is not workspace or len(upload.content) != upload.length:
                raise Refusal("file_not_found")
            self._note(
                call,
                kind="file",
                chat=workspace.chat(conversation.id),
                thread=str(call.arguments.get("thread_ts") or ""),
                id=workspace.next_ts(),
                text=upload.content.decode(),
                name=upload.name,
            )
        return {"files": []}

    def _file_info(self, workspace: FakeWorkspace, call: ApiCall) -> dict[str, Any]:
        workspace.need("files:read")
        upload = self._uploads.get(str(call.arguments.get("file", "")))
        if upload is None or upload.workspace is not workspace:
            raise Refusal("file_not_found")
        return {
            "file": {
                "id": call.arguments["file"],
                "size": upload.length,
                "url_private_download": f"http://{LOOPBACK}:{self.port}/files/{call.arguments['file']}",
            }
        }

    def _handle_address(self, call: ApiCall) -> ApiResponse:
        kind, _, name = call.method.strip("/").partition("/")
        body: bytes = call.arguments["body"]
        match kind:
            case "respond" if not call.token:
                return self._respond(name, body)
            case "upload" if name in self._uploads and not call.token:
                self._uploads[name].content = body
                return ApiResponse(body={}, data=b"OK")
            case "files" if name in self._uploads:
                upload = self._uploads[name]
                allowed = call.token == upload.workspace.token
                return ApiResponse(
                    body={}, data=upload.content if allowed else b"<html>", status=200 if allowed else 403
                )
        return ApiResponse(body={"ok": False, "error": "not_found"}, status=404)

    def _respond(self, name: str, raw: bytes) -> ApiResponse:
        """Answers a call of a response URL.

        A URL is valid for five calls within half an hour (docs.slack.dev, Handling user interaction).
        """
        answers = self._response_urls.get(name)
        if answers is None or answers.left == 0 or self._time() - answers.since > LASTS:
            return ApiResponse(
                body={"ok": False, "error": "used_url" if answers and answers.left == 0 else "expired_url"}, status=404
            )
        body = json.loads(raw)
        workspace, user = answers.workspace, answers.person
        place = workspace.conversations.setdefault(answers.channel, FakeConversation(answers.channel, member=False))
        try:
            if not body.get("delete_original"):
                self._store_ephemeral(workspace, place, user, methods.checked(body), body)
        except Refusal as no:
            return ApiResponse(body=no.body, status=400)
        if body.get("response_type", "ephemeral") != "ephemeral":
            # stricter than Slack: the bot never uses a response URL to post to the whole channel
            return ApiResponse(body={"ok": False}, status=400)
        if body.get("delete_original") or body.get("replace_original"):
            place.messages.pop(answers.message, None)
        answers.left -= 1
        return ApiResponse(body={}, data=b"ok")

    def _by_token(self, token: str) -> FakeWorkspace | None:
        return self._first if token == self._first.token else None


__all__ = [
    "APP_TOKEN",
    "TEAM",
    "TOKEN",
    "FakeSlack",
    "SentEnvelope",
    "escaped",
]

if __name__ == "__main__":
    FakeSlack.main()
