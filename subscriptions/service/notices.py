"""News about the service itself, to the people whom it concerns: once per cause and day, in the outbox like all else."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions import zones
from subscriptions.model import BUTTON, CallbackToken, Chat, ChatAddress, ChatKind, Facts, Kind, Lane
from subscriptions.service.subscriptions.requests import kind_of
from subscriptions.states import PauseReason, describe_pause
from subscriptions.store import (
    Planned,
    Store,
    Transaction,
    access,
    outbox,
)
from subscriptions.store import (
    chats as people,
)
from subscriptions.store import (
    retention as keeping,
)
from subscriptions.store import (
    status as standing,
)

LONG = timedelta(hours=1)  # what has waited longer is worth a word to the operator
A_DAY = timedelta(hours=20)  # what operators were told so long ago may be told again on a new day
_MOST_NAMED = 10  # subscriptions that a notice names
_NOTIFIED = "notified:"  # a key per cause: until when the operators know
_TOLD_AS = {  # what a notice calls the reason for a pause; others are "gone"
    PauseReason.ARCHIVED: "archived",
    PauseReason.NOT_A_MEMBER: "outside",
    PauseReason.NO_RIGHTS: "rights",
}


def notify(
    store: Store,
    address: ChatAddress,
    cause: str,
    detail: Mapping[str, str],
    *,
    now: datetime,
    key: str = "",
    buttons: Mapping[str, CallbackToken] | None = None,
) -> bool:
    """Writes a notice to a chat down, once per cause and `key`, by default the chat's local day.

    `cause` and `detail` are what bot/rendering/deliveries/notices.py reads; `buttons` are what the verbs under it stand for, and work
    in that chat only. False: it was written down before, or nobody has met that chat.
    """
    with store.write() as session:
        chat = people.find_chat(session, address, zone=store.zone)
        if chat is None:
            return False
        day = now.astimezone(zones.zone(chat.settings.timezone)).date().isoformat()
        name = _name(chat, cause, key or day)
        if outbox.taken_keys(session, [name]):
            return False
        links = [
            CallbackToken(verb=b.verb, arguments=b.arguments, place=str(chat.address)) for b in (buttons or {}).values()
        ]
        ids = keeping.add_callbacks(session, links, now=now)
        pressed = {BUTTON + verb: link_id for verb, link_id in zip(buttons or {}, ids, strict=True)}
        facts = Facts(notice=cause, detail={**detail, **pressed})
        row = Planned(
            id=secrets.token_hex(8), chat_id=chat.id, kind=Kind.NOTICE, due=now, key=name, items=(), facts=facts
        )
        outbox.add_deliveries(session, [row], now=now)
        return True


def notify_operators(
    store: Store,
    admins: Sequence[ChatAddress],
    cause: str,
    detail: Mapping[str, str],
    *,
    now: datetime,
    about: str = "",
    buttons: Mapping[str, CallbackToken] | None = None,
    but: frozenset[str] = frozenset(),
) -> tuple[Lane, ...]:
    """Tells everybody who runs the bot, once per cause, `about` and day; never a chat that strangers can read.

    The day is that of the operator's zone, and what was told shortly before its midnight is not told again shortly after.

    `admins` are those of the settings, met here if need be; `but` are platforms that cannot carry it. Returns the lanes
    of the notices that were written down.
    """
    told = []
    day = now.astimezone(zones.zone(store.zone)).date()
    with store.write() as session:
        for chat in operator_chats(session, store, admins, now=now):
            if chat.public or chat.kind is ChatKind.BROADCAST or chat.address.platform in but:
                continue
            yesterday = _name(chat, cause, f"{about}:{day - timedelta(days=1)}")
            if standing.noticed_since(session, yesterday, now - A_DAY):
                continue
            if notify(store, chat.address, cause, detail, now=now, key=f"{about}:{day}", buttons=buttons):
                told.append(chat.address.lane)
    return tuple(told)


def _name(chat: Chat, cause: str, key: str) -> str:
    """The dedupe key of a notice."""
    return f"notice:{chat.id}:{cause}:{key}"


def operator_chats(
    session: Transaction, store: Store, admins: Sequence[ChatAddress], *, now: datetime
) -> tuple[Chat, ...]:
    """The chats of the settings, which are met if need be, and those whose person sent the code."""
    found = {chat.id: chat for chat in access.operators(session, zone=store.zone)}
    for address in admins:
        chat = people.find_chat(session, address, zone=store.zone) or people.add_chat(
            session, address, kind_of(address), now=now, zone=store.zone
        )
        found[chat.id] = chat
    return tuple(found.values())


def notify_owner(
    store: Store, chat: Chat, cause: str, detail: Mapping[str, str], *, now: datetime, key: str = "", by: str = ""
) -> bool:
    """Tells the person who set a group or channel up, in private; not when they did it themselves (`by`).

    False: nobody was told, since nobody knows who it is, or they have not begun to talk with the bot.
    """
    if chat.kind is ChatKind.PRIVATE or not chat.id:
        return False
    with store.read() as session:
        owner = access.owner_of(session, chat.id)
    if owner in ("", by):
        return False
    private = ChatAddress(chat.address.platform, owner)
    about = f"{chat.address}:{key or now.date().isoformat()}"
    return notify(store, private, cause, {"chat": name_of(chat), **detail}, now=now, key=about)


def is_gone(chat: Chat) -> bool:
    """Whether the platform does not let us write to a chat, as far as we know."""
    return bool(chat.id) and chat.pause_reason is not None and chat.pause_reason.is_unreachable


def name_of(chat: Chat) -> str:
    """What people call a chat: its title, else its address."""
    return chat.title or str(chat.address)


def why_paused(chat: Chat) -> str:
    """The reason that is stored with a chat's state, in English, without what we write before it for ourselves."""
    return describe_pause(chat.pause_reason, chat.state_detail).strip()


def lose_place(
    store: Store,
    address: ChatAddress,
    detail: str,
    *,
    now: datetime,
    topic: bool,
    reason: PauseReason = PauseReason.GONE,
    by: str = "",
) -> None:
    """Pauses a chat that the platform does not let the bot write to, or with `topic` only this topic of it.

    `detail` is the platform's sentence. Tells whoever set the place up, or the group that a topic is closed, each once a
    day; `by` is the person who removed the bot.
    """
    with store.write() as session:
        here = people.find_chat(session, address, zone=store.zone)
        if topic:
            if here is not None and people.mark_unreachable(session, here.id, reason, detail, now=now):
                _tell_general(store, session, here, now, gone=reason is PauseReason.TOPIC_DELETED)
            return
        lost = [
            i
            for i in people.chats_of_lane(session, address.lane)
            if people.mark_unreachable(session, i, reason, detail, now=now)
        ]
        if lost:
            chats = people.chats_by_id(session, lost, zone=store.zone)
            chat = min(chats.values(), key=lambda chat: chat.address)  # the group itself before its topics
            notify_owner(store, chat, "paused", {"reason": _TOLD_AS.get(reason, "gone")}, now=now, by=by)


def find_again(session: Transaction, chats: Sequence[int], *, now: datetime) -> None:
    """These chats were not gone after all: who has not been told of it yet will not be."""
    for chat in people.chats_by_id(session, chats, zone="UTC").values():
        people.mark_reachable(session, chat.id, now=now)
        standing.drop_notices(session, f":paused:{chat.address}:", now=now)


def _tell_general(store: Store, session: Transaction, chat: Chat, now: datetime, *, gone: bool) -> None:
    """The group hears in its General topic that another one was closed, or is gone, if something was to come there."""
    wishes = [s for s in people.subscriptions_of(session, [chat.id])[chat.id] if s.state == "active"]
    if not wishes or not chat.address.topic:
        return
    general = ChatAddress(chat.address.platform, chat.address.address)
    if people.find_chat(session, general, zone=store.zone) is None:
        zone, lang = people.chosen_locale(session, chat.address)
        people.add_chat(
            session,
            general,
            chat.kind,
            now=now,
            zone=store.zone,
            title=chat.title,
            timezone=zone,
            lang=lang,
            public=chat.public,
        )
    names = " · ".join(s.name or s.text for s in wishes[:_MOST_NAMED]) + (" …" if len(wishes) > _MOST_NAMED else "")
    cause, key = "topic-gone" if gone else "topic-closed", f"{chat.address.topic}:{now.date().isoformat()}"
    notify(store, general, cause, {"wishes": names}, now=now, key=key)


def notify_operators_of_trouble(
    store: Store, admins: Sequence[ChatAddress], *, now: datetime, stopped: Mapping[str, str]
) -> tuple[Lane, ...]:
    """What the operators should know by now: messages that are dead or wait for long, platforms that stand still.

    `stopped` says which and why. Returns the lanes of the notices that were written down.
    """
    with store.read() as session:
        known = people.get_value(session, f"{_NOTIFIED}dead")
        dead = standing.dead_since(session, datetime.fromisoformat(known) if known else None)
        waiting = standing.waiting_since(session, now - LONG)
    lanes: list[Lane] = []
    if dead.count:
        detail = {"count": str(dead.count), "reason": dead.reason, "ids": " ".join(dead.ids), "chat": dead.chat}
        told = notify_operators(store, admins, "dead", detail, now=now)
        if told:
            with store.write() as session:
                people.put_value(session, f"{_NOTIFIED}dead", now.isoformat())
        lanes += told
    for platform, trouble in waiting.items():
        detail = {"platform": platform, "count": str(trouble.count), "reason": trouble.reason}
        if platform not in stopped:
            lanes += notify_operators(store, admins, "waiting", detail, now=now, about=platform)
    for platform, reason in stopped.items():
        lanes += notify_operators(
            store,
            admins,
            "stopped",
            {"platform": platform, "reason": reason},
            now=now,
            about=platform,
            but=frozenset({platform}),
        )
    return tuple(lanes)


def notify_new_version(store: Store, admins: Sequence[ChatAddress], version: str, *, now: datetime) -> None:
    """The operators hear that another version runs than before; of the first one nobody needs to hear."""
    with store.write() as session:
        before = people.get_value(session, "version")
        if before == version:
            return
        people.put_value(session, "version", version)
    if before is not None:
        notify_operators(store, admins, "version", {"version": version, "before": before}, now=now, about=version)
