"""Does what a sentence says: changes subscriptions, rates papers, answers small talk and requests that are impossible.

If the meaning is sure, the change is made, and the reply has [undo]. If the meaning is not sure, or if several
subscriptions may be meant, the reply asks with buttons, the likeliest first.

A message may refer to the last reply without naming it: to its papers by their numbers, or to its button. It may also
refer to the last subscription.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from bot.commands import asking, card_actions, paper_lookup, search
from bot.commands.cards import card_reply
from bot.commands.context import Callback, CommandContext
from bot.commands.words import intents, reader, subjects
from bot.commands.words.intents import Said
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.planning.cadence import with_days
from subscriptions.planning.pauses import length_of
from subscriptions.planning.times import split_when
from subscriptions.planning.times._reading import is_time, reading_of
from subscriptions.query import rewriting
from subscriptions.query.links import mentioned
from subscriptions.query.parse import parse_query
from subscriptions.service.paper_search import papers_named
from subscriptions.states import Signal
from subscriptions.texts import cut_letters

_LABEL = 40  # characters of a button's label
_FEW = 8  # most tokens of a sentence that refers to the last reply
_AGREED = frozenset({"yes", "yes please", "yep", "yeah", "sure", "y", "do it", "是", "是的", "要", "对", "对的"})
_MORE = frozenset(
    {"more", "show more", "more please", "next", "next page", "更多", "还有吗", "继续", "下一页", "再来几篇"}
)
_DENIED = re.compile(r"^(?:not?|without|except|hide|skip)\b|^(?:不要|别|除了|去掉)|不要$")
_SAME = re.compile(
    r"^(?:and |do |please )*(?:the )?same (?:thing )?(?:for|with|about|on)\b|^也(?:来|订|给)|^再来一|同样"
)
# Commands that sentences may apply to the last paper shown → the verbs of the buttons that do the same.
_BUTTONS = {"like": "more-like-this", "save": "card-save"}
_DOES: Mapping[str, Callable[[CommandContext, model.KnownPaper], channel.Reply]] = {
    "like": paper_lookup.alike,
    "save": card_actions.keep,
}
_AGREED_TO = ("subscribe-to", "do")  # verbs of the buttons that a plain "yes" presses
_OF_SUBSCRIPTIONS = frozenset(
    {"unsub", "exclude", "narrow", "widen", "edit", "name", "schedule", "pause", "resume", "preview", "share"}
)
SIGNALS = {"like-paper": Signal.LIKED, "dislike-paper": Signal.DISLIKED}


def may_refer(said: Said) -> bool:
    """Returns whether a sentence may be about the last reply or the last subscription without naming it."""
    if _SAME.search(reader.folded(said.text)):
        return bool(said.subject)
    if _presses(said):
        return True
    if said.marked(reader.PAPER) or said.marked(reader.WHEN) or len(said.tokens) > _FEW:
        return False
    is_asked = said.intent in _BUTTONS
    return is_asked and bool(said.numbers) if said.has_unknown else is_asked or bool(said.numbers)


def _plain(said: Said) -> str:
    return reader.folded(said.text).strip(" .!?。！？")


def _presses(said: Said) -> bool:
    """Returns whether a text only agrees ("yes", "subscribe") or asks for more, so that it may mean a button."""
    return _plain(said) in _AGREED | _MORE or (said.intent == "sub" and not said.subject)


def _pressed(context: CommandContext, said: Said) -> channel.Reply | None:
    """Presses [show more], or the only button of the last reply that a "yes" can mean; None if there is none."""
    wanted = ("search-page",) if _plain(said) in _MORE else _AGREED_TO
    buttons = [one for one in paper_lookup.last_buttons(context) if one.verb in wanted]
    if wanted is _AGREED_TO and len(buttons) != 1:
        return None
    further = sorted(buttons, key=lambda one: (len(one.arguments.get("stretches", ())), one.arguments.get("start", 0)))
    return asking.with_stored_chat(context).press(further[-1].verb, further[-1].arguments) if further else None


def about_last(context: CommandContext, said: Said) -> channel.Reply | None:
    """Does what a sentence says about the last reply or subscription; None if it refers to neither.

    The sentence may press a button, name shown papers by their numbers, or ask for the same as the last subscription.
    """
    if _SAME.search(reader.folded(said.text)):
        when = [str(one.subscription.cadence) for one in asking.listed_here(context)]
        return run(context, "sub", f"{said.subject} {when[-1]}") if when else None
    if _presses(said):
        return _pressed(context, said)
    shown = paper_lookup.papers_shown(context)
    if not shown or not shown.keys() >= {*map(int, said.numbers)} or _is_of_subscriptions(context, said):
        return None
    if said.numbers:
        return _of_papers(context, said, {number: shown[number] for number in map(int, said.numbers)})
    if len(shown) == 1:
        return _of_papers(context, said, shown)
    return which(
        context,
        [
            channel.Button(
                label=f"{number}  {context.title(known)}", verb=_BUTTONS[said.intent], arguments={"paper": known.id}
            )
            for number, known in shown.items()
        ],
    )


def _of_papers(context: CommandContext, said: Said, papers: Mapping[int, model.KnownPaper]) -> channel.Reply | None:
    """Does what a sentence says about papers: rates or saves them, or shows more like them; otherwise shows the papers."""
    denied = said.likely("dislike-paper", "exclude") >= intents.HALF or _DENIED.search(reader.folded(said.text))
    if denied and said.intent not in ("like-paper", "like"):
        return card_actions.rate(context, [*papers.values()], Signal.DISLIKED)
    meant = intents.meaning(_with_names(said))
    if meant.intent in SIGNALS and meant.sure >= intents.HALF:
        return card_actions.rate(context, [*papers.values()], SIGNALS[meant.intent])
    does = _DOES.get(said.intent, card_reply)
    done = [does(asking.with_stored_chat(context), known) for known in papers.values()]
    return replace(
        done[0], lines=tuple(line for one in done for line in one.lines), items=sum((one.items for one in done), ())
    )


def _with_names(said: Said) -> str:
    """Returns the sentence with some paper's id in place of each number, so that `meaning` sees that it is about papers."""
    text = said.text
    for token in reversed(said.tokens):
        if token.mark == reader.NUMBER:
            text = f"{text[: token.start]} 2601.00001 {text[token.end :]}"
    return text


def _is_of_subscriptions(context: CommandContext, said: Said) -> bool:
    """Returns whether the numbers in a sentence mean subscriptions or a number of papers, instead of shown papers."""
    if said.intent == "set-limit":
        return not any(words.startswith("第") for words in said.marked(reader.NUMBER))
    there = {str(one.subscription.number) for one in asking.listed_here(context)}
    return (
        bool(said.numbers)
        and said.intent in _OF_SUBSCRIPTIONS
        and there >= {*said.numbers}
        and not _DENIED.search(reader.folded(said.text))
    )


def which(context: CommandContext, buttons: Sequence[channel.Button]) -> channel.Reply:
    """Returns a question with these buttons: which one is meant?"""
    rows = [(replace(one, label=cut_letters(one.label, _LABEL)),) for one in buttons]
    asked = context.say("Is that what you mean?") if len(rows) == 1 else context.say("Which one do you mean?")
    return channel.Reply(lines=(asked,), buttons=tuple(rows))


def do_button(label: str, command: str, args: str) -> channel.Button:
    """Returns a button that runs a command."""
    return channel.Button(label=label, verb="do", arguments={"command": command, "args": args})


def run(context: CommandContext, name: str, args: str) -> channel.Reply | None:
    """Runs the command with this name; None if there is none."""
    command = context.registry.command_named(name)
    return command.run(replace(context, args=args, arguments={})) if command else None


# -------------------------------------------------------------------------------------------- does what a sentence says


_LAST = ("last", "newest", "最后", "刚才", "最新")
_EVERY = ("all", "everything", "both", "全部", "所有", "都", "两个")
_THAT = ("it", "that", "this", "那个", "这个")
_SOME_DAY = date(2026, 1, 1)
_KEPT = re.compile(r"\s*(?:那个)?\s*(?:留|保留|要留|stays?\b|remains?\b)")
_FIELD = re.compile(r'^\w+:|"')
_TITLES = re.compile(r"title|标题|题目")
_YES_OR_NO = re.compile(r"(?:yes|no|ok|okay|sure|y|n|nope|yep|是|是的|好|好的|不|不是|对|嗯)[.!。！]*")
_TALK: Mapping[str, tuple[errors.Sentence, ...]] = {
    "sources": (
        errors.Sentence(
            "Papers come from the sources of this bot, most of them from arXiv. /status shows each of them."
        ),
    ),
    "thanks": (errors.Sentence("You are welcome."),),
    "bye": (errors.Sentence("Goodbye, see you. Papers come as arranged."),),
    "smalltalk": (
        errors.Sentence("I am only a bot for research papers, and cannot help with that. I hope that it goes well."),
        errors.Sentence("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
    ),
    "missing-affiliation": (
        errors.Sentence("I do not know where authors work: no universities, institutions or companies (affiliations)."),
        errors.Sentence('What I know is the name: author:"Ranjay Krishna" finds the papers of one author.'),
    ),
    "missing-citations": (
        errors.Sentence("I know no citations: not who cites a paper, how often it is cited, or an h-index."),
        errors.Sentence("The nearest is /like with the id of a paper: papers with similar words."),
    ),
    "missing-fulltext": (
        errors.Sentence(
            "I know titles, abstracts and short summaries, but not the full text: I cannot read, translate or "
            "summarize a PDF, its figures or its code."
        ),
    ),
    "missing-news": (
        errors.Sentence("I know research papers only: no news, jobs, books, deadlines, or where a paper was accepted."),
    ),
}


def act(context: CommandContext, said: Said) -> channel.Reply | None:  # noqa: PLR0911 - one answer for each kind of sentence
    """Does what a sentence says, and returns the reply; None if the text is a query."""
    said = _about_named(context, said)
    if said.intent in (reader.QUERY, *reader.ASKING) or not said.is_clear:
        return None
    if said.intent in intents.SMALL_TALK or said.intent.startswith(intents.MISSING):
        return _talk(context, said)
    if not asking.can_ask(context):  # in groups, only sure commands run; `intent` finds them
        return None
    if not said.is_sure and said.intent.startswith(_SETS):  # not sure enough to change something for the whole chat
        return _asked_first(context, said)
    if said.intent in SIGNALS:
        return _rated(context, said)
    # If the chat has no subscriptions, a time or an exclusion belongs to a new query. A time also belongs to a new query
    # if the words around it name no subscription.
    is_new = not asking.listed_here(context) or (said.has_unknown and said.intent.startswith("schedule"))
    if is_new and said.intent in _ALSO_ASKED and said.asks_for_papers and not said.marked(reader.NUMBER):
        asked = subjects.subject_of(said.text)
        if asked and not asked.endswith(said.text) and not is_time(asked):
            return search.try_query(context, asked)
    if (command := intents.command_of(said)) is not None and said.intent not in _CHANGES:
        return run(context, *command)
    return _changed(context, said)


def _asked_first(context: CommandContext, said: Said) -> channel.Reply | None:
    """Asks whether the person wants to change something for the whole chat."""
    if (meant := intents.command_of(said)) is None:
        return None
    label = context.say("remove all") if said.intent == "unsub-all" else f"/{' '.join(meant)}".strip()
    return _with_look_for(context, said, which(context, [do_button(label, *meant)]))


def _about_named(context: CommandContext, said: Said) -> Said:
    """If a sentence names a subscription by its words, returns its meaning with the number of the subscription instead."""
    if said.sure < intents.SURE and is_time(said.text) and asking.listed_here(context):
        return said._replace(found=(reader.Score("schedule", 1.0),))
    asks = said.intent in (reader.QUERY, *reader.ASKING) and said.sure >= _CERTAIN
    likely = (said.intent,) if said.intent in _CHANGES else ("schedule",) if asks else (*_OF_ONE, *_CHANGES)
    named = [
        one.subscription for one in asking.listed_here(context) if _is_named(reader.folded(said.text), one.subscription)
    ]
    longer = [
        text
        for text in said.texts(reader.UNWANTED)
        for one in named
        if one.text != text and reader.folded(one.text) in reader.folded(text)
    ]
    if not named or longer or said.marked(reader.NUMBER):
        return said
    text = said.text
    for one in named:
        text = _with_number(text, one)
    numbered = intents.meaning(text)
    # the number has replaced the words, and no other words say how to change the query
    has_lost = said.intent in _OF_WORDS and not numbered.texts(reader.UNWANTED, reader.WANTED, reader.AUTHOR)
    return numbered if numbered.intent in likely and numbered.sure >= intents.SURE and not has_lost else said


def _with_number(text: str, one: model.Subscription) -> str:
    for name in filter(None, (one.name, one.text)):
        at = reader.folded(text).find(reader.folded(name))
        text = f"{text[:at]} #{one.number} {text[at + len(name) :]}" if at >= 0 else text
    return text.strip()


def changes(context: CommandContext, said: Said) -> bool:
    """Returns whether `act` or `about_last` may change something."""
    return may_refer(said) or _changes(said) or _changes(_about_named(context, said))


def _changes(said: Said) -> bool:
    return said.intent not in (reader.QUERY, *reader.ASKING, *_TALK) and said.is_clear


def _talk(context: CommandContext, said: Said) -> channel.Reply:
    said_to = _TALK.get(said.intent, ())
    if (
        not said_to
        or _YES_OR_NO.fullmatch(reader.folded(said.text))
        or (said.intent == "thanks" and said.sure < _CERTAIN)
    ):
        return what_to_say(context)
    lines = tuple(one.say(context.localizer.translate) for one in said_to)
    known = papers_named(context.store, mentioned(said.text))
    if said.intent != "missing-fulltext" or not known:
        return channel.Reply(lines=lines)
    card = card_reply(context, next(iter(known.values())))
    return replace(card, lines=(*lines, *card.lines))


def what_to_say(context: CommandContext) -> channel.Reply:
    """Returns a reply that says in three lines what people can write."""
    return channel.Reply(
        lines=(
            context.say("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
            context.say("Words such as list, today, settings and stop do what they say."),
            context.say("/help lists what else I know."),
        )
    )


# -------------------------------------------------------------------------------------------------------------- papers


def _rated(context: CommandContext, said: Said) -> channel.Reply | None:
    """Stores that the chat likes or dislikes a paper: the named one; without a name, the last delivered one."""
    names = mentioned(said.text)
    known = paper_lookup.paper_meant(context, names)
    if names and (known is None or said.sure < _CERTAIN or not context.chat.id):
        return None  # so that the caller shows the paper's card
    if known is None or not context.chat.id:
        return channel.Reply(lines=(context.say("Which paper? Say its arXiv id, or press 👍 or 👎 on its card."),))
    return card_actions.rate(context, [known], SIGNALS[said.intent])


# ------------------------------------------------------------------------------------------------- subscriptions


def _changed(context: CommandContext, said: Said) -> channel.Reply | None:  # noqa: PLR0911 - as above
    """Changes the subscriptions that are meant; if that is not clear, asks which."""
    there = [one.subscription for one in asking.listed_here(context)]
    if not there:
        refers = said.intent in ("schedule", "pause", "resume") and not split_when(said.text).only_time
        is_of_one = said.intent in ("name", "edit", "unsub") or not said.asks_for_papers
        if said.sure >= intents.SURE and (refers or is_of_one or said.marked(reader.NUMBER)):
            return asking.no_subscriptions(context)
        return what_to_say(context) if said.intent == "widen" and not said.subject else None
    meant = _meant(said, there)
    said = _exclusion_or_removal(said, there, meant)
    if said.intent == "unsub" and not meant:
        return run(context, *(intents.command_of(said) or ("unsub", said.subject))) if said.sure >= _CERTAIN else None
    if said.intent in ("pause", "resume") and not meant:
        return run(context, said.intent, intents.pause_in(said) if said.intent == "pause" else "")
    candidates = meant or there
    wanted = {one.number: command for one in candidates if (command := _command(said, one))}
    if not wanted and len(said.found) > 1 and said.found[1].sure >= _BARELY and said.found[1].intent in _CHANGES:
        return _changed(context, said._replace(found=said.found[1:]))
    if not wanted:
        return what_to_say(context) if said.intent == "widen" else None
    if said.intent == "unsub" and len(wanted) > 1:
        wanted = {0: ("unsub", " ".join(map(str, wanted)))}
    if len(wanted) == 1 and said.is_sure:
        return run(context, *next(iter(wanted.values())))
    return _asked(context, said, [(one, wanted[one.number]) for one in candidates if one.number in wanted])


def _exclusion_or_removal(said: Said, there: Sequence[model.Subscription], meant: Sequence[model.Subscription]) -> Said:
    """Returns the meaning, corrected: if the words to exclude name a subscription, that subscription is to be removed.

    If the words to remove name no subscription, they are to be excluded from a query.
    """
    unwanted = [reader.folded(text) for text in said.texts(reader.UNWANTED, reader.WANTED, reader.AUTHOR)]
    if said.intent == "exclude" and any(name in unwanted for one in there for name in _names(one)):
        return said._replace(found=(said.found[0]._replace(intent="unsub", sure=intents.HALF),))
    if said.intent == "unsub" and not meant and said.texts(reader.NAMED) and said.likely("exclude") >= _MAY_BE:
        return said._replace(found=(said.found[0]._replace(intent="exclude", sure=intents.HALF),))
    return said


_CERTAIN, _MAY_BE, _BARELY = 0.9, 0.2, 0.05
_ALSO_ASKED = ("schedule", "schedule-now", "schedule-weekdays", "exclude", "narrow", "widen")
_SETS = ("schedule-", "set-", "lang-", "stop", "unsub-all", "forget", "timezone")
# changes that need words, such as what to exclude, in addition to the subscription
_OF_WORDS = ("exclude", "narrow", "widen")
_OF_THE_CHAT = ("widen", "pause", "resume")  # with these, "everything" is not read as each single subscription
_OF_ONE = ("unsub", "pause", "resume")  # actions that need only the name of a subscription


def _asked(
    context: CommandContext, said: Said, wanted: Sequence[tuple[model.Subscription, tuple[str, str]]]
) -> channel.Reply:
    """Asks whether to do what the sentence says, or with which subscription; `wanted` has a command for each one."""
    does = {
        "unsub": context.say("remove"),
        "schedule": subjects.time_in(said.text, said.intent),
        "exclude": context.say("exclude"),
    }.get(said.intent, "")
    buttons = [do_button(f"{does} {one.number}  {one.label}".strip(), *command) for one, command in wanted]
    return _with_look_for(context, said, which(context, buttons))


def _with_look_for(context: CommandContext, said: Said, reply: channel.Reply) -> channel.Reply:
    """Adds [look for “…”] to a question."""
    return replace(reply, buttons=(*reply.buttons, search.look_for_button(context, said.text)))


def _meant(said: Said, there: Sequence[model.Subscription]) -> list[model.Subscription]:
    """Returns the subscriptions that a sentence means: by number, by words, the last one, all, or the only one."""
    plain = reader.folded(said.text)
    words = {token.mark for token in said.tokens}
    parts = [reader.folded(text) for text in said.texts(reader.NAMED)]
    named = [
        one
        for one in there
        if _is_named(plain, one) or any(text in reader.folded(f"{one.name} {one.text}") for text in parts)
    ]
    numbered = [one for one in there if str(one.number) in said.numbers]
    if numbered or named:
        return named if said.intent == "unsub" and not numbered else numbered or named

    def has(those: Sequence[str]) -> bool:
        return any(one in words or (not one.isascii() and one in plain) for one in those)

    if has(_LAST):
        return [there[-1]]
    if has(_EVERY) and said.intent not in _OF_THE_CHAT:
        return list(there)
    if len(there) > 1 or said.intent in ("pause", "resume"):
        return []
    return list(there) if said.intent != "unsub" or any(one in words or one in plain for one in _THAT) else []


def _is_named(plain: str, one: model.Subscription) -> bool:
    """Returns whether a text contains the name or the query of a subscription, and does not ask to keep it."""
    padded = f" {plain} "
    return any(
        name
        and (f" {name} " in padded or (name in plain and not (name.isascii() and plain.isascii())))
        and not _KEPT.match(plain, plain.find(name) + len(name))
        for name in _names(one)
    )


def _names(one: model.Subscription) -> tuple[str, str, str]:
    """Returns what people may call a subscription: its name, its query, and the query without field and quotation marks."""
    return reader.folded(one.name), reader.folded(one.text), _FIELD.sub("", reader.folded(one.text))


def _command(said: Said, one: model.Subscription) -> tuple[str, str] | None:
    """Returns (command, arguments) to change one subscription in the way that a sentence says; None if that is impossible."""
    with suppress(errors.PaperwireError):
        args = _CHANGES[said.intent](said, one)
        command = "edit" if said.intent in ("exclude", "narrow", "widen") else said.intent
        return (command, f"{one.number} {args}".strip()) if args is not None else None
    return None


def _excluded(said: Said, one: model.Subscription) -> str | None:
    query = parse_query(one.text)
    for term in subjects.unwanted_in(said.text, said.intent):
        query = rewriting.narrowed(query, term)
    return query.text if query.text != one.text else None


def _narrowed(said: Said, one: model.Subscription) -> str | None:
    subject, titles = (
        subjects.wanted_in(said.text, said.intent).removeprefix("ti:"),
        _TITLES.search(reader.folded(said.text)),
    )
    if titles and (not subject or subject in one.text):
        return rewriting.rewritten(parse_query(one.text), rewriting.in_titles) or None
    text = f"({one.text})" if " OR " in one.text else one.text
    if titles and " OR " not in subject:
        subject = f'ti:"{subject}"' if " " in subject else f"ti:{subject}"
    return f"{text} {f'({subject})' if ' OR ' in subject else subject}" if subject else None


def _widened(said: Said, one: model.Subscription) -> str | None:
    """Returns a query that finds more: without `ti:`, without an exclusion, or with one more alternative.

    None if there is none.
    """
    subject = subjects.wanted_in(said.text, said.intent).removeprefix("ti:")
    if "ti:" in one.text and (not subject or _TITLES.search(reader.folded(said.text))):
        return one.text.replace("ti:", "")
    lifted = re.sub(rf'\s*-"?{re.escape(subject.rstrip("s"))}s?"?(?!\w)', "", one.text, flags=re.IGNORECASE)
    if subject and lifted.strip() not in ("", one.text):
        return lifted
    return f"{one.text} OR {subject}" if subject else None


def _scheduled(said: Said, one: model.Subscription) -> str | None:
    """Returns the new time of a subscription: the named time, or its own time, moved earlier or later.

    If only days are named, the time of day stays. Days that come "too" are added. None if no time is named.
    """
    if days := intents.days_added(said):
        return str(with_days(one.cadence, days))
    when, at, shift = subjects.time_in(said.text, said.intent), one.cadence.at, _SHIFT.search(reader.folded(said.text))
    length = next(filter(None, map(length_of, said.marked(reader.LONG))), None)
    if at and shift and length:
        moved = (datetime.combine(_SOME_DAY, at) + (-length if shift["earlier"] else length)).time()
        return str(replace(one.cadence, at=moved))
    if not when or not at or one.cadence.until:
        return when or None
    reading = reading_of(when)
    is_only_days = (
        reading
        and reading.exact
        and reading.at is None
        and not reading.part
        and reading.kind in ("daily", "weekdays", "weekly", "days")
    )
    return f"{when} {at:%H:%M}" if is_only_days else when


_SHIFT = re.compile(
    r"(?P<earlier>\b(?:earlier|sooner|before|forward)\b|提前|提早|往前|早(?=@|\s*\d|[一半两]))|\b(?:later|after|back|delay|postpone)\b|推迟|延后|延迟|往后|晚(?=\s*\d|[一半两])"
)


_CHANGES: Mapping[str, Callable[[Said, model.Subscription], str | None]] = {
    "unsub": lambda _said, _one: "",
    "exclude": _excluded,
    "narrow": _narrowed,
    "widen": _widened,
    "edit": lambda said, _: said.subject or None,
    "name": lambda said, _: intents.name_in(said) or None,
    "schedule": _scheduled,
    "pause": lambda said, _: intents.pause_in(said),
    "resume": lambda _said, _one: "",
}


def on_do(context: CommandContext) -> channel.Reply | None:
    """Handles a button that runs a command."""
    return run(context, str(context.arguments["command"]), str(context.arguments["args"]))


CALLBACKS = {"do": Callback(run=on_do, needs_manager=True, replaces=True)}
