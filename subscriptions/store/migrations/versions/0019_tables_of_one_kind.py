"""callbacks and single values by what they are: a table for each kind of thing."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Moves every row of the tables `callback` and `key_value` that is no button and no single value into a table of its kind.

    `callback` is made anew, for a column that refers to another table cannot be dropped. Nothing but `mention` refers to it,
    which is put aside meanwhile.
    """
    _add_tables()
    _move_offers()
    _move_named()
    op.execute("CREATE TABLE mention_before AS SELECT * FROM mention")
    op.drop_table("mention")
    _rebuild_callbacks()
    _rebuild_mentions()
    op.drop_table("mention_before")
    _move_values()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _MOMENT, nullable=nullable)


def _text(name: str, *, primary: bool = False, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), primary_key=primary, nullable=nullable)


def _chat() -> sa.Column[Any]:
    return sa.Column("chat", sa.Integer(), sa.ForeignKey("chat.id", ondelete="CASCADE"), nullable=False)


def _add_tables() -> None:
    op.create_table(
        "offer",
        _text("id", primary=True),
        _chat(),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("text"),
        _text("cadence"),
        _moment("at"),
        sa.UniqueConstraint("chat", "number"),
    )
    op.create_table(
        "conversation_state",
        _text("name", primary=True),
        _text("place"),
        _text("person"),
        _text("verb"),
        sa.Column("arguments", sa.JSON(), nullable=False),
        _moment("at"),
        _moment("until"),
    )
    op.create_table(
        "pending_lookup",
        _text("name", primary=True),
        _text("place"),
        _text("person"),
        sa.Column("request", sa.JSON(), nullable=False),
        _moment("at"),
        _text("worker"),
    )
    op.create_table("wrong_code", sa.Column("id", sa.Integer(), primary_key=True), _chat(), _moment("at"))
    op.create_table("completed_installation", _text("id", primary=True), _moment("at"))
    op.create_table(
        "platform",
        _text("name", primary=True),
        _text("bot", nullable=True),
        _text("bot_name"),
        _text("stopped", nullable=True),
        sa.Column("waiting_logged_on", sa.Date(), nullable=True),
    )
    op.create_table("publisher_slot", _text("publisher", primary=True), _moment("until"))
    op.create_table(
        "enrichment_request",
        sa.Column("paper", sa.Integer(), sa.ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("times", sa.Integer(), nullable=False),
        _moment("last"),
    )
    op.create_table(
        "operator_code",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("code_hash", sa.String(), nullable=False, unique=True),
    )
    op.create_table(
        "loss", sa.Column("id", sa.Integer(), primary_key=True), *map(_moment, ("lost_at", "copied_at", "restored_at"))
    )
    for table, columns in (
        ("conversation_state", ("until", "place", "person")),
        ("pending_lookup", ("at", "place", "person", "worker")),
        ("wrong_code", ("at",)),
        ("completed_installation", ("at",)),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("ix_wrong_code_chat", "wrong_code", ["chat", "at"])


_IS_OFFER = "verb = 'offer' AND chat IS NOT NULL"
_IS_NAMED = f"instr(id, ':') > 0 AND NOT ({_IS_OFFER})"  # ids that nobody can guess have no colon, names have one
_NOW = "datetime('now')"  # of a row that does not say when it was stored


def _rows(statement: str, **values: object) -> list[sa.Row[Any]]:
    return list(op.get_bind().execute(sa.text(statement), values))


def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        op.get_bind().execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), rows)  # noqa: S608 - names of ours


def _move(table: str, columns: tuple[str, ...], values: str, which: str, before: str = "callback") -> None:
    op.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {before} WHERE {which}")  # noqa: S608 - names of ours


def _move_offers() -> None:
    """Of several offers of one subscription the newest keeps its number; the links of the others work on without one."""
    offers, taken = [], set()
    newest_first = (
        f"SELECT id, chat, coalesce(at, {_NOW}) AS at, arguments FROM callback WHERE {_IS_OFFER} ORDER BY at DESC, id"  # noqa: S608 - names of ours
    )
    for place, row in enumerate(_rows(newest_first), 1):
        offered = json.loads(row.arguments)
        number = int(offered.get("number") or -place)
        number = -place if (row.chat, number) in taken else number
        taken.add((row.chat, number))
        text, cadence = str(offered.get("text", "")), str(offered.get("when", ""))
        offers.append(
            {"id": row.id, "chat": row.chat, "number": number, "text": text, "cadence": cadence, "at": row.at}
        )
    _insert("offer", offers)


def _move_named() -> None:
    """Moves what was stored under a name: states, look-ups, wrong codes, completed installations."""
    kinds = {"pending_lookup": "looks-up:", "wrong_code": "code:", "completed_installation": "installing:"}
    is_of = {kind: f"{_IS_NAMED} AND substr(id, 1, {len(start)}) = '{start}'" for kind, start in kinds.items()}
    others = " AND ".join(f"NOT ({which})" for which in is_of.values())
    common = f"id, place, person, arguments, coalesce(at, {_NOW})"
    states = ("name", "place", "person", "arguments", "at", "verb", "until")
    until = (
        f"strftime('%Y-%m-%d %H\\:%M\\:%f000', coalesce(at, {_NOW}), '+90 days')"  # as long as all of them were kept
    )
    _move("conversation_state", states, f"{common}, verb, {until}", f"{_IS_NAMED} AND {others}")
    lookups = ("name", "place", "person", "request", "at", "worker")
    _move("pending_lookup", lookups, f"{common}, ''", is_of["pending_lookup"])
    installation = f"substr(id, {len(kinds['completed_installation']) + 1}), coalesce(at, {_NOW})"
    _move("completed_installation", ("id", "at"), installation, is_of["completed_installation"])
    wrong = []
    for row in _rows(f"SELECT place, arguments FROM callback WHERE {is_of['wrong_code']}"):  # noqa: S608 - names of ours
        chats = _rows(
            "SELECT id FROM chat WHERE platform || ':' || address || iif(topic = '', '', '/' || topic) = :place",
            place=row.place,
        )
        moments = [_stored(moment) for moment in json.loads(row.arguments).get("at", ())]
        wrong += [{"chat": chat.id, "at": moment} for chat in chats for moment in moments]
    _insert("wrong_code", wrong)


def _rebuild_callbacks() -> None:
    op.create_table(
        "button",
        _text("id", primary=True),
        _text("place"),
        _text("person"),
        _text("verb"),
        sa.Column("arguments", sa.JSON(), nullable=False),
        _moment("at"),
    )
    columns = ("id", "place", "person", "verb", "arguments", "at")
    values = f"id, place, person, verb, arguments, coalesce(at, {_NOW})"
    _move("button", columns, values, f"NOT ({_IS_OFFER}) AND NOT ({_IS_NAMED})")
    op.drop_table("callback")
    op.rename_table("button", "callback")
    for column in ("at", "place", "person"):
        op.create_index(f"ix_callback_{column}", "callback", [column])


def _rebuild_mentions() -> None:
    """Mentions with a column for states. Those of look-ups and wrong codes go: their columns say whose they are."""
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("word"),
        sa.Column("callback", sa.String(), sa.ForeignKey("callback.id", ondelete="CASCADE"), nullable=True),
        sa.Column("state", sa.String(), sa.ForeignKey("conversation_state.name", ondelete="CASCADE"), nullable=True),
        sa.Column("delivery", sa.Integer(), sa.ForeignKey("delivery.seq", ondelete="CASCADE"), nullable=True),
        sa.Column("change", sa.Integer(), sa.ForeignKey("undo.id", ondelete="CASCADE"), nullable=True),
    )
    columns, kept = (
        ("word", "callback", "delivery", "change"),
        "callback IS NULL OR callback IN (SELECT id FROM callback)",
    )
    _move("mention", columns, ", ".join(columns), kept, "mention_before")
    of_states = "callback IN (SELECT name FROM conversation_state)"
    _move("mention", ("word", "state"), "word, callback", of_states, "mention_before")
    op.create_index("ix_mention_word", "mention", ["word"])
    for column in ("callback", "state", "delivery", "change"):
        op.create_index(f"ix_mention_{column}", "mention", [column], sqlite_where=sa.text(f"{column} IS NOT NULL"))


def _stored(moment: str) -> str:
    """A moment as the columns hold it: in UTC, without a zone."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _with_prefix(prefix: str) -> dict[str, str]:
    """What was stored under names that begin so, by the rest of the name."""
    found = _rows(
        "SELECT name, value FROM key_value WHERE substr(name, 1, :length) = :prefix", length=len(prefix), prefix=prefix
    )
    return {row.name[len(prefix) :]: row.value for row in found}


def _move_values() -> None:
    bots, names, stopped, logged = map(_with_prefix, ("bot:", "name:", "stopped:", "logged:waiting:"))
    platforms = [
        {
            "name": name,
            "bot": bots.get(name),
            "bot_name": names.get(name, ""),
            "stopped": stopped.get(name),
            "waiting_logged_on": logged.get(name),
        }
        for name in sorted({*bots, *names, *stopped, *logged})
    ]
    _insert("platform", platforms)
    slots = _with_prefix("turn:")
    _insert("publisher_slot", [{"publisher": one, "until": _stored(until)} for one, until in slots.items()])
    single = {row.name: row.value for row in _rows("SELECT name, value FROM key_value")}
    codes = dict.fromkeys(reversed(single.get("admin-code", "").split()))  # the newest stood first
    _insert("operator_code", [{"code_hash": code} for code in codes])
    known = {row.id for row in _rows("SELECT id FROM paper")} if "enrichment" in single else set()
    asked = json.loads(single.get("enrichment") or "{}").items()
    _insert(
        "enrichment_request",
        [
            {"paper": int(paper), "times": times, "last": _stored(last)}
            for paper, (times, last) in asked
            if int(paper) in known
        ],
    )
    if "loss" in single:
        moments = {name: _stored(moment) for name, moment in json.loads(single["loss"]).items()}
        _insert("loss", [{"id": 1, **moments}])
    moved = [
        f"{prefix}{rest}"
        for prefix in ("bot:", "name:", "stopped:", "logged:waiting:", "turn:")
        for rest in _with_prefix(prefix)
    ]
    for name in (*moved, "admin-code", "enrichment", "loss"):
        op.get_bind().execute(sa.text("DELETE FROM key_value WHERE name = :name"), {"name": name})
