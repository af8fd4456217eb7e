"""Does what a sentence says: changes of subscriptions that it refers to, ratings, small talk, and what there is not.

If it is sure of the meaning, it does it and says so, with [undo]. It asks with buttons, the likeliest first, where it
is not sure or where several subscriptions may be meant.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from bot.commands import asking, last_answer
from bot.commands.cards import card_reply
from bot.commands.context import Callback, CommandContext
from bot.commands.paper_lookup import paper_meant
from bot.commands.search import look_for_button, try_query
from bot.commands.signals import rate
from bot.commands.words import LONG, NUMBER, folded, scorer
from bot.commands.words.meaning import HALF, MISSING, SMALL_TALK, SURE, Said, command_of, meaning, name_in, pause_in
from bot.commands.words.subject import subject_of, time_in, unwanted_in, wanted_in
from bot.ports.channel import Reply
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.pauses import length_of
from subscriptions.planning.times import split_when
from subscriptions.planning.times._reading import is_time, reading_of
from subscriptions.query import rewriting
from subscriptions.query.links import mentioned
from subscriptions.query.parse import parse_query
from subscriptions.service.paper_search import papers_named

_CHINESE, _WORD = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2,}")
_LONGEST_TERM = 6  # Chinese characters
_LAST = ("last", "newest", "最后", "刚才", "最新")
_EVERY = ("all", "everything", "both", "全部", "所有", "都", "两个")
_THAT = ("it", "that", "this", "那个", "这个")
_SOME_DAY = date(2026, 1, 1)
_KEPT = re.compile(r"\s*(?:那个)?\s*(?:留|保留|要留|stays?\b|remains?\b)")
_FIELD = re.compile(r'^\w+:|"')
_TITLES = re.compile(r"title|标题|题目")
_YES_OR_NO = re.compile(r"(?:yes|no|ok|okay|sure|y|n|nope|yep|是|是的|好|好的|不|不是|对|嗯)[.!。！]*")
_TALK: Mapping[str, tuple[Sentence, ...]] = MappingProxyType(
    {
        "sources": (
            Sentence("Papers come from the sources of this bot, most of them from arXiv. /status shows each of them."),
        ),
        "thanks": (Sentence("You are welcome."),),
        "bye": (Sentence("Goodbye, see you. Papers come as arranged."),),
        "smalltalk": (
            Sentence("I am only a bot for research papers, and cannot help with that. I hope that it goes well."),
            Sentence("Send me words that papers should hold, such as diffusion -survey, or a link to a paper."),
        ),
        "missing-affiliation": (
            Sentence("I do not know where authors work: no universities, institutions or companies (affiliations)."),
            Sentence('What I know is the name: author:"Ranjay Krishna" finds the papers of one author.'),
        ),
        "missing-citations": (
            Sentence("I know no citations: not who cites a paper, how often it is cited, or an h-index."),
            Sentence("The nearest is /like with the id of a paper: papers with similar words."),
        ),
        "missing-fulltext": (
            Sentence(
                "I know titles, abstracts and short summaries, but not the full text: I cannot read, translate or "
                "summarize a PDF, its figures or its code."
            ),
        ),
        "missing-news": (
            Sentence("I know research papers only: no news, jobs, books, deadlines, or where a paper was accepted."),
        ),
    }
)


def language_of(text: str) -> str:
    """Returns the language of a sentence: en or zh; "" for what is none, such as a term, an id or a command."""
    said, chinese, words = meaning(text), len(_CHINESE.findall(text)), len(_WORD.findall(text))
    if chinese > words:
        return "zh" if said.intent != scorer.QUERY or chinese > _LONGEST_TERM else ""
    return "en" if words > 1 and not chinese and said.intent != scorer.QUERY else ""


def act(context: CommandContext, said: Said) -> Reply | None:  # noqa: PLR0911 - one answer for each kind of sentence
    """Returns the answer to a sentence that is no query; None if it is one."""
    said = _about_named(context, said)
    if said.intent in (scorer.QUERY, *scorer.ASKING) or not said.is_clear:
        return None
    if said.intent in SMALL_TALK or said.intent.startswith(MISSING):
        return _talk(context, said)
    if not asking.can_ask(context):  # in groups only sure commands are done, for people who may give them
        return None
    if not said.is_sure and said.intent.startswith(_SETS):  # too little to change something for the whole chat
        return _asked_first(context, said)
    if said.intent in last_answer.SIGNALS:
        return _rated(context, said)
    # Without subscriptions, a time or an exclusion belongs to the new query. So does a time for words that are
    # no subscription.
    is_new = not asking.listed_here(context) or (said.has_unknown and said.intent.startswith("schedule"))
    if is_new and said.intent in _ALSO_ASKED and said.asks_for_papers and not said.marked(NUMBER):
        asked = subject_of(said.text)
        if asked and not asked.endswith(said.text) and not is_time(asked):
            return try_query(context, asked)
    if (command := command_of(said)) is not None and said.intent not in _CHANGES:
        return last_answer.run(context, *command)
    return _changed(context, said)


def _asked_first(context: CommandContext, said: Said) -> Reply | None:
    """Asks whether a change of the whole chat is meant."""
    if (meant := command_of(said)) is None:
        return None
    label = context.say("remove all") if said.intent == "unsub-all" else f"/{' '.join(meant)}".strip()
    return _with_look_for(context, said, last_answer.which(context, [last_answer.do_button(label, *meant)]))


def _about_named(context: CommandContext, said: Said) -> Said:
    """If a sentence names a subscription by its words, reads the sentence again with its number instead."""
    if said.sure < SURE and is_time(said.text) and asking.listed_here(context):
        return said._replace(found=(scorer.Score("schedule", 1.0),))
    asks = said.intent in (scorer.QUERY, *scorer.ASKING) and said.sure >= _CERTAIN
    likely = (said.intent,) if said.intent in _CHANGES else ("schedule",) if asks else (*_OF_ONE, *_CHANGES)
    named = [one.subscription for one in asking.listed_here(context) if _is_named(folded(said.text), one.subscription)]
    longer = [
        text
        for text in said.texts(scorer.UNWANTED)
        for one in named
        if one.text != text and folded(one.text) in folded(text)
    ]
    if not named or longer or said.marked(NUMBER):
        return said
    text = said.text
    for one in named:
        text = _with_number(text, one)
    numbered = meaning(text)
    has_lost = said.intent in _OF_WORDS and not numbered.texts(
        scorer.UNWANTED, scorer.WANTED, scorer.AUTHOR
    )  # its words are the subscription
    return numbered if numbered.intent in likely and numbered.sure >= SURE and not has_lost else said


def _with_number(text: str, one: Subscription) -> str:
    for name in filter(None, (one.name, one.text)):
        at = folded(text).find(folded(name))
        text = f"{text[:at]} #{one.number} {text[at + len(name) :]}" if at >= 0 else text
    return text.strip()


def changes(context: CommandContext, said: Said) -> bool:
    """Returns whether `act` may change something."""
    return last_answer.may_refer(said) or _changes(said) or _changes(_about_named(context, said))


def _changes(said: Said) -> bool:
    return said.intent not in (scorer.QUERY, *scorer.ASKING, *_TALK) and said.is_clear


def _talk(context: CommandContext, said: Said) -> Reply:
    said_to = _TALK.get(said.intent, ())
    if not said_to or _YES_OR_NO.fullmatch(folded(said.text)) or (said.intent == "thanks" and said.sure < _CERTAIN):
        return what_to_say(context)
    lines = tuple(one.say(context.localizer.translate) for one in said_to)
    known = papers_named(context.store, mentioned(said.text))
    if said.intent != "missing-fulltext" or not known:
        return Reply(lines=lines)
    card = card_reply(context, next(iter(known.values())))
    return replace(card, lines=(*lines, *card.lines))


def what_to_say(context: CommandContext) -> Reply:
    """Returns what can be said, in three lines."""
    words = context.say("Send me words that papers should hold, such as diffusion -survey, or a link to a paper.")
    commands = context.say("Words such as list, today, settings and stop do what they say.")
    return Reply(lines=(words, commands, context.say("/help lists what else I know.")))


# -------------------------------------------------------------------------------------------------------------- papers


def _rated(context: CommandContext, said: Said) -> Reply | None:
    """Notes that the chat likes a paper or not: the one that is named, else the last one that was delivered."""
    names = mentioned(said.text)
    known = paper_meant(context, names)
    if names and (known is None or said.sure < _CERTAIN or not context.chat.id):
        return None  # the paper's card
    if known is None or not context.chat.id:
        return Reply(lines=(context.say("Which paper? Say its arXiv id, or press 👍 or 👎 on its card."),))
    return rate(context, [known], last_answer.SIGNALS[said.intent])


# ------------------------------------------------------------------------------------------------- subscriptions


def _changed(context: CommandContext, said: Said) -> Reply | None:  # noqa: PLR0911 - as above
    """Changes the subscriptions that are meant; asks which, if that is not clear."""
    there = [one.subscription for one in asking.listed_here(context)]
    if not there:
        refers = said.intent in ("schedule", "pause", "resume") and not split_when(said.text).only_time
        is_of_one = said.intent in ("name", "edit", "unsub") or not said.asks_for_papers
        if said.sure >= SURE and (refers or is_of_one or said.marked(NUMBER)):
            return asking.no_subscriptions(context)
        return what_to_say(context) if said.intent == "widen" and not said.subject else None
    meant = _meant(said, there)
    said = _exclusion_or_removal(said, there, meant)
    if said.intent == "unsub" and not meant:
        return (
            last_answer.run(context, *(command_of(said) or ("unsub", said.subject))) if said.sure >= _CERTAIN else None
        )
    if said.intent in ("pause", "resume") and not meant:
        return last_answer.run(context, said.intent, pause_in(said) if said.intent == "pause" else "")
    candidates = meant or there
    wanted = {one.number: command for one in candidates if (command := _command(said, one))}
    if not wanted and len(said.found) > 1 and said.found[1].sure >= _BARELY and said.found[1].intent in _CHANGES:
        return _changed(context, said._replace(found=said.found[1:]))
    if not wanted:
        return what_to_say(context) if said.intent == "widen" else None
    if said.intent == "unsub" and len(wanted) > 1:
        wanted = {0: ("unsub", " ".join(map(str, wanted)))}
    if len(wanted) == 1 and said.is_sure:
        return last_answer.run(context, *next(iter(wanted.values())))
    return _asked(context, said, [(one, wanted[one.number]) for one in candidates if one.number in wanted])


def _exclusion_or_removal(said: Said, there: Sequence[Subscription], meant: Sequence[Subscription]) -> Said:
    """Reads an exclusion as a removal if its words are a subscription, and a removal as an exclusion if it names none."""
    unwanted = [folded(text) for text in said.texts(scorer.UNWANTED, scorer.WANTED, scorer.AUTHOR)]
    if said.intent == "exclude" and any(name in unwanted for one in there for name in _names(one)):
        return said._replace(found=(said.found[0]._replace(intent="unsub", sure=HALF),))
    if said.intent == "unsub" and not meant and said.texts(scorer.NAMED) and said.likely("exclude") >= _MAY_BE:
        return said._replace(found=(said.found[0]._replace(intent="exclude", sure=HALF),))
    return said


_CERTAIN, _MAY_BE, _BARELY = 0.9, 0.2, 0.05
_ALSO_ASKED = ("schedule", "schedule-now", "schedule-weekdays", "exclude", "narrow", "widen")
_SETS = ("schedule-", "set-", "lang-", "stop", "unsub-all", "forget", "timezone")
_OF_WORDS = ("exclude", "narrow", "widen")  # what they change needs words beside the subscription
_OF_THE_CHAT = ("widen", "pause", "resume")  # "everything" means no single subscription
_OF_ONE = ("unsub", "pause", "resume")  # what is done to a subscription by its name


def _asked(context: CommandContext, said: Said, wanted: Sequence[tuple[Subscription, tuple[str, str]]]) -> Reply:
    """Asks whether to do this, or for which subscription."""
    names = {
        "unsub": context.say("remove"),
        "schedule": time_in(said.text, said.intent),
        "exclude": context.say("exclude"),
    }
    does = names.get(said.intent, "")
    buttons = [last_answer.do_button(f"{does} {one.number}  {one.label}".strip(), *command) for one, command in wanted]
    return _with_look_for(context, said, last_answer.which(context, buttons))


def _with_look_for(context: CommandContext, said: Said, reply: Reply) -> Reply:
    """Adds [look for “…”] to a question."""
    return replace(
        reply, buttons=(*reply.buttons, *asking.shown_buttons(context, (look_for_button(context, said.text),)))
    )


def _meant(said: Said, there: Sequence[Subscription]) -> list[Subscription]:
    """Returns the subscriptions that a sentence names: by number, by words, or as the last one, all or the only one."""
    plain = folded(said.text)
    words = {token.mark for token in said.tokens}
    parts = [folded(text) for text in said.texts(scorer.NAMED)]
    named = [
        one for one in there if _is_named(plain, one) or any(text in folded(f"{one.name} {one.text}") for text in parts)
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


def _is_named(plain: str, one: Subscription) -> bool:
    """Returns whether a text holds the name or the query of a subscription."""
    padded = f" {plain} "
    return any(
        name
        and (f" {name} " in padded or (name in plain and not (name.isascii() and plain.isascii())))
        and not _KEPT.match(plain, plain.find(name) + len(name))
        for name in _names(one)
    )


def _names(one: Subscription) -> tuple[str, str, str]:
    """Returns what a subscription may be called: its name, its query, and that without a field and quotation marks."""
    return folded(one.name), folded(one.text), _FIELD.sub("", folded(one.text))


def _command(said: Said, one: Subscription) -> tuple[str, str] | None:
    """Returns the command that changes one subscription as a sentence says."""
    with suppress(PaperwireError):
        args = _CHANGES[said.intent](said, one)
        command = "edit" if said.intent in ("exclude", "narrow", "widen") else said.intent
        return (command, f"{one.number} {args}".strip()) if args is not None else None
    return None


def _excluded(said: Said, one: Subscription) -> str | None:
    query = parse_query(one.text)
    for term in unwanted_in(said.text, said.intent):
        query = rewriting.narrowed(query, term)
    return query.text if query.text != one.text else None


def _narrowed(said: Said, one: Subscription) -> str | None:
    subject, titles = wanted_in(said.text, said.intent).removeprefix("ti:"), _TITLES.search(folded(said.text))
    if titles and (not subject or subject in one.text):
        return rewriting.rewritten(parse_query(one.text), rewriting.in_titles) or None
    text = f"({one.text})" if " OR " in one.text else one.text
    if titles and " OR " not in subject:
        subject = f'ti:"{subject}"' if " " in subject else f"ti:{subject}"
    return f"{text} {f'({subject})' if ' OR ' in subject else subject}" if subject else None


def _widened(said: Said, one: Subscription) -> str | None:
    """Returns the query without a title or an exclusion that is lifted, else with one more alternative."""
    subject = wanted_in(said.text, said.intent).removeprefix("ti:")
    if "ti:" in one.text and (not subject or _TITLES.search(folded(said.text))):
        return one.text.replace("ti:", "")
    lifted = re.sub(rf'\s*-"?{re.escape(subject.rstrip("s"))}s?"?(?!\w)', "", one.text, flags=re.IGNORECASE)
    if subject and lifted.strip() not in ("", one.text):
        return lifted
    return f"{one.text} OR {subject}" if subject else None


def _scheduled(said: Said, one: Subscription) -> str | None:
    """Returns the time that is named, at the subscription's time of day if only days are; or its time, earlier or later."""
    when, at, shift = time_in(said.text, said.intent), one.cadence.at, _SHIFT.search(folded(said.text))
    length = next(filter(None, map(length_of, said.marked(LONG))), None)
    if at and shift and length:
        moved = (datetime.combine(_SOME_DAY, at) + (-length if shift["earlier"] else length)).time()
        return cadence_text(replace(one.cadence, at=moved))
    if not when or not at or one.cadence.until:
        return when or None
    reading = reading_of(when)
    is_only_days = reading and reading.exact and reading.at is None and not reading.part and reading.kind in _OF_DAYS
    return f"{when} {at:%H:%M}" if is_only_days else when


_SHIFT = re.compile(
    r"(?P<earlier>\b(?:earlier|sooner|before|forward)\b|提前|提早|往前|早(?=@|\s*\d|[一半两]))|\b(?:later|after|back|delay|postpone)\b|推迟|延后|延迟|往后|晚(?=\s*\d|[一半两])"
)
_OF_DAYS = ("daily", "weekdays", "weekly", "days")


_CHANGES: Mapping[str, Callable[[Said, Subscription], str | None]] = {
    "unsub": lambda _said, _one: "",
    "exclude": _excluded,
    "narrow": _narrowed,
    "widen": _widened,
    "edit": lambda said, _: said.subject or None,
    "name": lambda said, _: name_in(said) or None,
    "schedule": _scheduled,
    "pause": lambda said, _: pause_in(said),
    "resume": lambda _said, _one: "",
}


def on_do(context: CommandContext) -> Reply | None:
    """Handles a button under a question: runs its command."""
    reply = last_answer.run(context, str(context.arguments["command"]), str(context.arguments["args"]))
    return replace(reply, replaces=True) if reply else None


CALLBACKS = {"do": Callback(run=on_do, needs_manager=True)}
