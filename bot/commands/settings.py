"""set, lang, timezone: what a chat chooses for itself, by word or by button (docs/settings.md, Settings of a chat)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from unicodedata import east_asian_width, normalize

from bot.commands.asking import awaits, settle
from bot.commands.changes import LANGUAGES, changed, in_words, label_of, value_of
from bot.commands.cities import city_pages
from bot.commands.picking import listed_here
from bot.commands.refusals import refused
from bot.commands.rhythms import cadence_words
from bot.commands.timing import no_such_time
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.undoing import undo_row
from bot.commands.voice import Localizer
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.chat_settings import SETTINGS, choices, setting_name
from subscriptions.errors import Refused, Sentence
from subscriptions.labels import begins_with_name
from subscriptions.model import ChatKind, ChatSettings
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.planning.effects import without_effect
from subscriptions.planning.times import NoSuchTime
from subscriptions.service.notices import name_of
from subscriptions.service.subscriptions import set_setting
from subscriptions.zones import near_places, zone, zone_of_place

MEANINGS: Mapping[str, Sentence] = MappingProxyType(
    {
        "schedule": Sentence("when a subscription comes that has no time of its own"),
        "timezone": Sentence("the clock that all times here go by"),
        "lang": Sentence("the language I speak, and that of the summaries I prefer"),
        "text": Sentence("what stands below a title: the summary, the abstract, or nothing"),
        "limit": Sentence("how many papers a delivery shows; the others wait behind a button"),
        "sound": Sentence("whether the first message of a delivery may be heard, by day"),
        "quiet": Sentence("the hours in which subscriptions with “now” wait"),
        "shape": Sentence("one message for all papers, or one for each"),
        "crosslists": Sentence("whether papers come that are only cross-listed"),
        "buttons": Sentence("what stands under a delivery"),
        "credits": Sentence("whether a paper names who asked for it"),
        "quietday": Sentence("whether I say so on a day without papers"),
        "manage": Sentence("who may change what this chat wants"),
    }
)
# Of settings that take any value of a form the buttons offer these, and the words any other.
_SOME: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "schedule": ("when-out 08:00-20:00", "daily 09:00", "weekdays 09:00", "weekly mon 09:00", "now"),
        "limit": ("5", "12", "20", "50", "all"),
        "quiet": ("22:00-08:00", "23:00-07:00", "20:00-09:00", "off"),
        "lang": tuple(LANGUAGES),
    }
)
_OTHERS: Mapping[str, str] = MappingProxyType(
    {"schedule": "weekdays 8:30", "limit": "30", "quiet": "21:30-07:00"}
)  # what else may be written
ZONE = "timezone"
A_CITY = "Oslo"
_OFFICE_HOURS = "when-out 09:00-18:00 weekdays"
_CHOSEN = "✓"
_SIGN = re.compile(r"(?<=^)(?P<name>[^\d:=]+?)\s*[:=]\s*")  # a name of several words, and what ends it
_SAID = re.compile(r"(?P<name>[^\s:=]+)\s*[:=]?\s*(?P<value>.*)", re.DOTALL)
_LONGEST_NAME = 4  # words: "who may change it"
_ROW = 34  # columns that stand side by side on a phone, each button as wide as the longest of its row


def set_(turn: CommandContext) -> Reply:
    """Without words all settings, with a name its choices, with a value the change."""
    if not turn.args:
        return _all(turn)
    name, value = _name_and_value(turn.args)
    return change(turn, name, value) if value else _one(turn, name)


def lang(turn: CommandContext) -> Reply:
    """Which language; without a word the languages as buttons."""
    return change(turn, "lang", turn.args) if turn.args else _one(turn, "lang")


def timezone(turn: CommandContext) -> Reply:
    """Which zone, by city, zone or offset; without a word cities with what the clock shows there."""
    return change(turn, "timezone", turn.args) if turn.args else _one(turn, "timezone")


def change(turn: CommandContext, name: str, value: str) -> Reply:
    """Sets one of SETTINGS and says what it was; the answer is in the language that holds from then on.

    Raises Refused. A zone may be named by its city, and one that is nearly right is offered as a button.
    """
    if name == "schedule":
        return _change_schedule(turn, value)
    if name != "timezone":
        return _change(turn, name, value)
    try:
        return _change(turn, name, zone_of_place(value) or value)
    except Refused as error:
        near = [Button(label=name, verb="zone", arguments={"zone": name}) for _, name in near_places(value)[:1]]
        return replace(refused(error, turn.localizer), buttons=_shown(turn, (tuple(near),) if near else ()))


def zone_buttons(turn: CommandContext, *, replaces: bool = False) -> Buttons:
    """Cities with what the clock shows there now, to choose a zone by; [more] leads to others.

    They go under any reply that asks for the zone. With `replaces` the answer takes the place of that reply.
    """
    return _page_of_zones(turn, 0, replaces=replaces)


def press_setting(turn: CommandContext) -> Reply:
    """A setting that was picked from the list."""
    return replace(_one(turn, str(turn.arguments["name"])), replaces=True)


def press_settings(turn: CommandContext) -> Reply:
    """Back to the list."""
    return replace(_all(turn), replaces=True)


def press_set(turn: CommandContext) -> Reply:
    """A value that was picked."""
    return replace(change(turn, str(turn.arguments["name"]), str(turn.arguments["value"])), replaces=True)


def press_zone(turn: CommandContext) -> Reply:
    """A city that was picked."""
    return replace(change(turn, "timezone", str(turn.arguments["zone"])), replaces=bool(turn.arguments.get("replaces")))


def press_zones(turn: CommandContext) -> Reply:
    """Other cities. What stood above the first ones stays; further pages take each other's place."""
    buttons = _page_of_zones(turn, int(turn.arguments["page"]), replaces=True)
    return Reply(lines=(_which_clock(turn),), buttons=buttons, replaces=bool(turn.arguments.get("replaces")))


# ------------------------------------------------------------------------------------------------------------- showing


def _all(turn: CommandContext) -> Reply:
    """Every setting with its value. In a group the values stand on the buttons, so that it stays short."""
    voice, fixed = turn.localizer, _fixed(turn)
    own = turn.chat.address == turn.origin.address
    head = turn.say("Settings of this chat:") if own else turn.say("Settings of {chat}:", chat=name_of(turn.chat))
    free = [name for name in SETTINGS if name not in fixed]
    if turn.is_public and not turn.in_public:
        return Reply(
            lines=(head,), buttons=_setting_buttons({name: _said(turn, name) for name in free}), names_chat=True
        )
    lines = (head, *_lines(turn, free, fixed))
    if turn.in_public:
        return Reply(lines=(*lines, turn.say("To change one: /set text titles")), names_chat=True)
    return Reply(lines=lines, buttons=_setting_buttons({name: label_of(name, voice) for name in free}), names_chat=True)


def _lines(turn: CommandContext, free: Sequence[str], fixed: Sequence[str]) -> Iterator[str]:
    """A line for each setting that can be changed here and has an effect, then what is fixed, then what has none."""
    idle = [name for name in free if name in without_effect(turn.chat)]
    yield from (f"· {_said(turn, name)}" for name in free if name not in idle)
    always = [
        turn.say("{label} ({value})", label=label_of(name, turn.localizer), value=_value(turn, name)) for name in fixed
    ]
    for before, said in (
        (turn.say("Fixed here:"), always),
        (turn.say("Without effect here:"), [label_of(name, turn.localizer) for name in idle]),
    ):
        if said:
            yield turn.say("{sentence} {next}", sentence=before, next=" · ".join(said))


def _said(turn: CommandContext, name: str) -> str:
    """A setting with its value: "Quiet hours: from 22:00 to 08:00"."""
    return turn.say("{label}: {value}", label=label_of(name, turn.localizer), value=_value(turn, name))


def _value(turn: CommandContext, name: str) -> str:
    return in_words(name, value_of(turn.chat.settings, name), turn.localizer)


def _fixed(turn: CommandContext) -> tuple[str, ...]:
    """Settings that a chat of this kind cannot choose."""
    public = turn.chat.public
    return tuple(name for name in SETTINGS if len(choices(name, kind=turn.chat.kind, public=public)) == 1)


def _setting_buttons(labels: Mapping[str, str]) -> Buttons:
    return _rows([Button(label=label, verb="setting", arguments={"name": name}) for name, label in labels.items()])


def _one(turn: CommandContext, name: str) -> Reply:
    """One setting: what it is, what it means, what it could be."""
    voice, value = turn.localizer, value_of(turn.chat.settings, name)
    offered, idle = _offered(turn, name), without_effect(turn.chat).get(name)
    if len(offered) == 1:
        label, shown = label_of(name, voice), _value(turn, name)
        return Reply(lines=(turn.say("{label} is fixed in this kind of chat: {value}.", label=label, value=shown),))
    lines = [_said(turn, name), turn.say("({inner})", inner=MEANINGS[name].say(voice.translate))]
    if idle:
        lines.append(turn.say("It has no effect here. {why}", why=idle.say(voice.translate)))
    if name == "timezone":
        lines.append(_which_clock(turn))
    elif name in _OTHERS:
        lines.append(turn.say("Any other can be written: /set {name} {value}", name=name, value=_OTHERS[name]))
    elif turn.in_public:
        lines.append(turn.say("Possible: /set {name} {values}", name=name, values=" | ".join(offered)))
    if name == "timezone":
        buttons = zone_buttons(turn, replaces=True)
    else:
        buttons = _rows([_value_button(turn, name, option, chosen=option == value) for option in offered])
    awaits(turn, "answer-zone" if name == ZONE else "answer-value", {"name": name})
    back = Button(label=turn.say("all settings"), verb="settings")
    return Reply(lines=tuple(lines), buttons=_shown(turn, (*buttons, (back,))))


def _offered(turn: CommandContext, name: str) -> tuple[str, ...]:
    """The values that buttons offer: all there are, or some with the one that holds; none for the time zone."""
    words = choices(name, kind=turn.chat.kind, public=turn.chat.public)
    if words or name not in _SOME:
        return words
    some = _SOME[name]
    if name == "schedule" and turn.chat.kind is ChatKind.TEAM:
        some = (_OFFICE_HOURS, *some[1:])
    value = value_of(turn.chat.settings, name)
    return some if value in some else (value, *some)


def _value_button(turn: CommandContext, name: str, value: str, *, chosen: bool) -> Button:
    short = value.isdigit() or (name == "quiet" and value[:1].isdigit())
    label = value.replace("-", "–") if short else in_words(name, value, turn.localizer)
    return Button(label=f"{_CHOSEN} {label}" if chosen else label, verb="set", arguments={"name": name, "value": value})


def _page_of_zones(turn: CommandContext, page: int, *, replaces: bool) -> Buttons:
    pages = city_pages(turn.now, operator=turn.bot_info.timezone, language=turn.request.language)
    number = page % len(pages)
    buttons = [
        Button(
            label=f"{_clock(turn.now, name)} {turn.localizer.city(name)}",
            verb="zone",
            arguments={"zone": name, "replaces": replaces},
        )
        for name in pages[number]
    ]
    more = Button(label=turn.say("more"), verb="zones", arguments={"page": number + 1, "replaces": replaces})
    return _shown(turn, _rows([*buttons, more]))


def _which_clock(turn: CommandContext) -> str:
    if turn.in_public:
        return turn.say("Write a city: /timezone {city}", city=A_CITY)
    return turn.say("Which clock is yours? Or write a city: /timezone {city}", city=A_CITY)


def _clock(now: datetime, name: str) -> str:
    return f"{now.astimezone(zone(name)):%H:%M}"


def _shown(turn: CommandContext, buttons: Buttons) -> Buttons:
    """No buttons where strangers could press them."""
    return () if turn.in_public else buttons


def _rows(buttons: Sequence[Button]) -> Buttons:
    """As many side by side as can be read on a phone."""
    rows: list[list[Button]] = []
    for button in buttons:
        row = [*rows[-1], button] if rows else []
        if row and len(row) * max(_columns(one.label) for one in row) <= _ROW:
            rows[-1] = row
        else:
            rows.append([button])
    return tuple(map(tuple, rows))


def _columns(text: str) -> int:
    """How wide a text is, in Latin letters."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


# ------------------------------------------------------------------------------------------------------------ changing


def _change(turn: CommandContext, name: str, value: str) -> Reply:
    before = turn.chat
    after = set_setting(turn.store, before.address, name, value, now=turn.now, who=turn.actor)
    settings = after.settings
    if value_of(before.settings, name) == value_of(settings, name):
        return changed(name, before, after, turn.localizer)
    own = turn.chat.address == turn.origin.address
    voice = turn.localizer.speaking(settings.lang if own else turn.origin.settings.lang, settings.timezone)
    reply = changed(name, before, after, voice)
    if name == ZONE:
        settle(turn, "answer-zone")
        clock = _clock(turn.now, settings.timezone)
        reply = replace(reply, lines=(*reply.lines, voice.say("It is {time} there.", time=clock)))
    lines = (*reply.lines, *_what_stays(turn, name, settings, voice))
    return replace(reply, lines=lines, buttons=undo_row(replace(turn, localizer=voice)))


def _what_stays(turn: CommandContext, name: str, settings: ChatSettings, voice: Localizer) -> list[str]:
    """What somebody may have expected of a setting, and it does not do that."""
    if name not in ("schedule", "quiet"):
        return []
    wishes = [one.subscription for one in listed_here(turn)]
    if name == "schedule" and any(cadence_text(wish.cadence) != settings.schedule for wish in wishes):
        when = cadence_words(parse_cadence(settings.schedule), voice)
        return [voice.say("It is for new subscriptions. For all: /schedule {when}", when=when)]
    if name == "quiet" and settings.quiet != "off" and wishes and all(wish.cadence.kind != "now" for wish in wishes):
        return [voice.say("Only subscriptions with “now” wait in these hours, and there is none here.")]
    return []


def _change_schedule(turn: CommandContext, value: str) -> Reply:
    try:
        return _change(turn, "schedule", value)
    except NoSuchTime as error:
        return no_such_time(turn, error, lambda when: _value_button(turn, "schedule", when, chosen=False))


def _name_and_value(text: str) -> tuple[str, str]:
    """(name of SETTINGS, value as typed): "limit 5", "limit=5", "Quiet hours: off", 免打扰关. Raises Refused."""
    plain = normalize("NFKC", text).strip()
    words = _SIGN.sub(r"\g<name> ", plain, count=1).split()
    for length in range(min(_LONGEST_NAME, len(words)), 1, -1):
        try:
            return setting_name(" ".join(words[:length])), " ".join(words[length:])
        except Refused:  # it is shorter, then
            continue
    glued = begins_with_name(plain)
    if glued:
        return setting_name(glued), plain[len(glued) :].strip(" :=为是")
    said = _SAID.match(plain)
    name, value = (said["name"], said["value"]) if said else (plain, "")
    return setting_name(name), value.strip()


COMMANDS = (
    Command(
        name="set",
        aliases=("settings", "preferences"),
        run=set_,
        needs_manager=True,
        shows_without_args=True,
        usage="[NAME VALUE]",
        summary=Sentence("settings of this chat"),
    ),
    Command(
        name="lang",
        run=lang,
        needs_manager=True,
        shows_without_args=True,
        usage="[en|zh]",
        summary=Sentence("English or Chinese"),
    ),
    Command(
        name="timezone",
        aliases=("tz",),
        run=timezone,
        needs_manager=True,
        shows_without_args=True,
        usage="[CITY]",
        summary=Sentence("your clock, for all times"),
    ),
)
PRESSES = {
    "setting": Callback(run=press_setting, needs_manager=True),
    "settings": Callback(run=press_settings, needs_manager=True),
    "set": Callback(run=press_set, needs_manager=True),
    "zone": Callback(run=press_zone, needs_manager=True),
    "zones": Callback(run=press_zones, needs_manager=True),
}
