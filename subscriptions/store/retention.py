"""Updates that had their effect, links, and workspaces that installed the app."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, func, or_, select, update

from subscriptions.model import CallbackToken
from subscriptions.states import InstallationState, ReplyState
from subscriptions.store.rows import CallbackRow, InstallationRow, UpdateRow

HOME_VIEW = "board:"  # before the address of a person: the place of the links on their board


def reply_to(session: Session, platform: str, update: str) -> str | None:
    """The reply stored for an update; None: it is new."""
    row = session.get(UpdateRow, (platform, update))
    return None if row is None else row.reply


def add_update(session: Session, platform: str, update: str, reply: str, *, chat: str, now: datetime) -> None:
    """An update had its effect; its reply is still to be posted."""
    session.add(
        UpdateRow(
            platform=platform,
            update_id=update,
            at=now,
            chat=chat,
            reply=reply,
            state=ReplyState.READY if reply else ReplyState.DONE,
        )
    )


def drop_updates(session: Session, before: datetime) -> None:
    """Forgets updates that came before `before`."""
    session.exec(delete(UpdateRow).where(col(UpdateRow.at) < before))


def updates_of(session: Session, chat: str, since: datetime) -> int:
    """How many updates of a chat had their effect at `since` or later."""
    found = select(func.count()).select_from(UpdateRow).where(UpdateRow.chat == chat, UpdateRow.at >= since)
    return session.exec(found).one()


def finish_reply(session: Session, platform: str, update_id: str) -> None:
    """A reply has arrived, or nobody waits for it any more."""
    row = session.get(UpdateRow, (platform, update_id))
    if row is not None:
        row.state, row.reply = ReplyState.DONE, ""


def unfinished_replies(session: Session, since: datetime) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) of replies that an earlier process stored and did not see arrive, oldest first.

    Each is given once: the next call takes what it gave for lost, and so is what is older than `since`.
    """
    lost = or_(col(UpdateRow.state) == ReplyState.AGAIN, col(UpdateRow.at) < since)
    session.exec(
        update(UpdateRow)
        .where(col(UpdateRow.state).in_((ReplyState.READY, ReplyState.AGAIN)), lost)
        .values(state=ReplyState.DONE, reply="")
    )
    rows = session.exec(select(UpdateRow).where(UpdateRow.state == ReplyState.READY).order_by(col(UpdateRow.at))).all()
    for row in rows:
        row.state = ReplyState.AGAIN
    return [(row.platform, row.update_id, row.reply) for row in rows]


def add_callbacks(session: Session, tokens: Sequence[CallbackToken], *, now: datetime) -> list[str]:
    """Stores links; returns their ids, 16 characters that nobody can guess."""
    ids = [secrets.token_urlsafe(12) for _ in tokens]
    for link_id, link in zip(ids, tokens, strict=True):
        session.add(
            CallbackRow(
                id=link_id,
                place=link.place,
                person=link.person,
                verb=link.verb,
                arguments=dict(link.arguments),
                at=now,
            )
        )
    session.flush()
    return ids


def put_callback(session: Session, link_id: str, token: CallbackToken, *, now: datetime) -> None:
    """Stores a link under an id of our own, in place of what had that id."""
    values: dict[str, Any] = {
        "place": token.place,
        "person": token.person,
        "verb": token.verb,
        "arguments": dict(token.arguments),
    }
    row = session.get(CallbackRow, link_id)
    if row is None:
        session.add(CallbackRow(id=link_id, at=now, **values))
    else:
        row.sqlmodel_update({**values, "at": now})
    session.flush()


def find_callback(session: Session, link_id: str) -> tuple[CallbackToken, datetime | None] | None:
    """What an id stands for, and since when."""
    row = session.get(CallbackRow, link_id)
    if row is None:
        return None
    return _callback(row), row.at


def _callback(row: CallbackRow) -> CallbackToken:
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


def callbacks_with_verb(session: Session, verb: str) -> list[tuple[str, CallbackToken, datetime]]:
    """(id, link, since when) of all links with a verb, the oldest first."""
    rows = session.exec(select(CallbackRow).where(CallbackRow.verb == verb).order_by(col(CallbackRow.at))).all()
    return [(row.id, _callback(row), row.at) for row in rows if row.at is not None]


def callbacks_of(session: Session, chat_id: int, verb: str) -> list[tuple[str, CallbackToken]]:
    """The links of a chat that may be passed on: (id, what it stands for) each."""
    rows = session.exec(
        select(CallbackRow).where(CallbackRow.chat == chat_id, CallbackRow.verb == verb, CallbackRow.place == "")
    )
    return [(row.id, CallbackToken(verb=row.verb, arguments=row.arguments)) for row in rows]


def add_shared_callback(session: Session, chat_id: int, token: CallbackToken, *, now: datetime) -> str:
    """Stores a link of a chat that may be passed on, and goes when the chat does; its id."""
    link_id = secrets.token_urlsafe(12)
    session.add(CallbackRow(id=link_id, chat=chat_id, verb=token.verb, arguments=dict(token.arguments), at=now))
    session.flush()
    return link_id


def change_callback(session: Session, link_id: str, arguments: dict[str, Any]) -> None:
    """What a link stands for is something else from now on."""
    session.get_one(CallbackRow, link_id).arguments = arguments
    session.flush()


def drop_callback(session: Session, link_id: str) -> None:
    """Forgets one link."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.id) == link_id))


def drop_callbacks(session: Session, before: datetime) -> None:
    """Forgets buttons that were made before `before`; links that may be passed on stay."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.at) < before, col(CallbackRow.place) != ""))


def has_callbacks_at(session: Session, place: str) -> bool:
    """Whether anything stands there that can be pressed."""
    return session.exec(select(CallbackRow.id).where(CallbackRow.place == place).limit(1)).first() is not None


def drop_callbacks_at(session: Session, place: str, *, before: datetime | None = None) -> None:
    """What stands there, with `before` what was made earlier, cannot be pressed any more."""
    there = delete(CallbackRow).where(col(CallbackRow.place) == place)
    session.exec(there if before is None else there.where(col(CallbackRow.at) < before))


def erase_place(session: Session, place: str) -> None:
    """Erases the links and the updates of a chat (rule 10); that an update had its effect stays known."""
    session.exec(delete(CallbackRow).where(col(CallbackRow.place).in_((place, HOME_VIEW + place))))
    session.exec(update(UpdateRow).where(col(UpdateRow.chat) == place).values(reply="", chat="", state=ReplyState.DONE))


def uninstall(session: Session, team: str, *, now: datetime) -> None:
    """A workspace took the app away: its tokens go, and since when is remembered; a second call changes nothing."""
    row = session.get(InstallationRow, team)
    if row is None:
        session.add(InstallationRow(team=team, state=InstallationState.UNINSTALLED, since=now))
    elif row.state != InstallationState.UNINSTALLED:
        row.tokens, row.state, row.since = "", InstallationState.UNINSTALLED, now
    session.flush()


def install_again(session: Session, team: str, *, now: datetime) -> bool:
    """A workspace that took the app away has it again. False: it did not take it away."""
    row = session.get(InstallationRow, team)
    if row is None or row.state != InstallationState.UNINSTALLED:
        return False
    row.state, row.since = InstallationState.ACTIVE, now
    session.flush()
    return True


def put_installation(session: Session, team: str, tokens: str, *, now: datetime) -> None:
    """A workspace has the app, with these sealed tokens."""
    row = session.get(InstallationRow, team)
    if row is None:
        session.add(InstallationRow(team=team, tokens=tokens, since=now))
    else:
        row.tokens = tokens
    session.flush()


def renew_tokens(session: Session, team: str, tokens: str) -> bool:
    """Keeps other tokens of a workspace. False: it does not have the app any more."""
    row = session.get(InstallationRow, team)
    if row is None or row.state == InstallationState.UNINSTALLED or not row.tokens:
        return False
    row.tokens = tokens
    session.flush()
    return True


def installations(session: Session) -> dict[str, str]:
    """Workspaces that have the app and gave us tokens of their own: team → these, sealed."""
    rows = session.exec(select(InstallationRow).where(InstallationRow.state != InstallationState.UNINSTALLED))
    return {row.team: row.tokens for row in rows if row.tokens}


def uninstalled(session: Session, before: datetime | None = None) -> list[str]:
    """Workspaces that took the app away, with `before` only those that did so earlier."""
    found = select(InstallationRow.team).where(InstallationRow.state == InstallationState.UNINSTALLED)
    return list(session.exec(found if before is None else found.where(col(InstallationRow.since) < before)))


def drop_installations(session: Session, before: datetime) -> None:
    """Erases workspaces that uninstalled the app before `before`."""
    session.exec(
        delete(InstallationRow).where(
            col(InstallationRow.state) == InstallationState.UNINSTALLED, col(InstallationRow.since) < before
        )
    )
