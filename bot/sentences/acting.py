"""Does what a sentence says (changes, ratings, small talk, the impossible), and decides whether it is sure enough or asks first.

If the meaning is sure, the change is made, and the reply has [undo]. If the meaning is not sure, or if several
subscriptions may be meant, the reply asks with buttons, the likeliest first.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.commands import asking, last_shown, offered, picking, ratings, search
from bot.commands.context import CommandContext
from bot.commands.phrasing import everyday_cadence
from bot.ports import channel
from bot.sentences import about_named, all_but, change_said, history, meant, other_languages, talk, word_edits
from bot.sentences.words import by_rule, days, intents, languages, names, pauses, reader, subjects, told
from bot.sentences.words.said import CERTAIN, HALF, RANKS, SURE, Said
from subscriptions import model
from subscriptions.planning.times import split_when
from subscriptions.planning.times.reading import is_time
from subscriptions.query.links_in_text import mentioned

_LAST = ("last", "newest", "最后", "刚才", "最新")
_EVERY = ("all", "everything", "both", "全部", "所有", "都", "两个")
_ALSO = re.compile(r"\b(?:and|plus|also|both|as well)\b|[&+和与及跟、]|还有|以及")
_ALL_OF_THEM = re.compile(
    r"\b(?:all|both|every|each|any|everything|anything|ones|subscriptions|papers|stuff)\b|[都全每]|所有|两[个条]|[几哪]"
)
_LISTED = re.compile(r"\d(?:\s*(?:,|and|&|[+和与及跟、]|号|#|还有|以及))+\s*第?\d")  # 1 and 2, 1、2号
_RANKED = re.compile(rf"\b(?:the )?(?:{'|'.join(RANKS)})\b(?: one)?")
_OR = re.compile(r"\b(?:or|nor)\b|或者?")
_THAT = ("it", "that", "this", "那个", "这个")
_YES_OR_NO = re.compile(r"(?:yes|no|ok|okay|sure|y|n|nope|yep|是|是的|好|好的|不|不是|对|嗯)[.!。！]*")


def act(context: CommandContext, said: Said) -> channel.Reply | None:  # noqa: PLR0911 - one answer for each kind of sentence
    """Does what a sentence says, and returns the reply; None if the text is a query."""
    if (done := all_but.asked(context, said) or word_edits.taken_out(context, said)) is not None:
        return done
    said = about_named.read(said, picking.subscriptions_here(context))
    if said.intent in (reader.QUERY, *reader.ASKING) or not said.is_clear:
        return None
    if said.intent in intents.SMALL_TALK or said.intent.startswith(intents.MISSING):
        return _talk(context, said)
    if not asking.can_ask(context):  # in groups, only sure commands run; `intents` finds all but these
        return _offered_to_managers(context, said)
    if not said.is_sure and said.intent.startswith(_SETS):  # not sure enough to change something for the whole chat
        return _asked_first(context, said)
    if said.intent in ratings.SIGNALS:
        return _rated(context, said)
    if (done := _of_new_subject(context, said)) is not None:
        return done
    if intents.is_of_the_chat(said) and about_named.names_one(said, picking.subscriptions_here(context)):
        return _asked_first(context, said)
    if said.intent in change_said.INTENTS:
        return _changed(context, said)
    command = intents.command_of(said, of_the_chat=True)
    return offered.run(context, *command) if command else offered.what_to_say(context)


def command_here(context: CommandContext, text: str) -> tuple[str, str] | None:
    """Returns the command that a text surely means in this chat; None if it depends on the subscriptions.

    A pause of the whole chat depends on them: "don't send me moss for a week" is about moss.
    """
    command = intents.command_in(text)
    if pauses.is_of_the_chat(command):
        there = picking.subscriptions_here(context)
        if meant.named_in(names.clauses_that_may_say(text, "pause"), there):
            return None
    return command


def _offered_to_managers(context: CommandContext, said: Said) -> channel.Reply | None:
    """Returns a button for a sure order whose command depends on the subscriptions; None for any other sentence."""
    if said.intent != "schedule" or not said.is_sure or context.read_by_strangers:
        return None
    wanted = _changes_of(said, _meant(said, picking.subscriptions_here(context)))
    return _asked(context, said, wanted) if wanted else None


def _of_new_subject(context: CommandContext, said: Said) -> channel.Reply | None:
    """If a time or an exclusion belongs to a new subject, subscribes to it or looks for it; None for any other sentence."""
    if (wanted := _new_wish(context, said)) is not None:
        return offered.run(context, *wanted)
    asked = _new_subject(context, said)
    return search.try_query(context, asked) if asked else None


def _new_wish(context: CommandContext, said: Said) -> tuple[str, str] | None:
    """Returns the command for a new subscription if a time belongs to one that is wished for: "send me kelp at 9"; else None.

    A subscription that has this name gets the time instead, and so may another one if the words do not ask for papers.
    """
    is_time_of_papers = said.is_sure and said.intent == "schedule" and said.likely(*reader.ASKING) >= _BARELY
    if (
        not is_time_of_papers
        or said.marked(reader.NUMBER)
        or about_named.all_fit(said, picking.subscriptions_here(context))
    ):
        return None
    if not told.is_wish_to_be_told(said.text):
        return None
    return intents.command_of(said._replace(found=(reader.Score("sub", said.sure),)))


def _new_subject(context: CommandContext, said: Said) -> str:
    """Returns the query for a new subscription if a time or an exclusion belongs to one; "" otherwise.

    That is so if the chat has no subscriptions, and for a time also if the words around it name no subscription.
    """
    is_new = not picking.listed_here(context) or (said.has_unknown and said.intent.startswith("schedule"))
    if not is_new or said.intent not in _ALSO_ASKED or not said.asks_for_papers or said.marked(reader.NUMBER):
        return ""
    if said.intent.startswith("schedule") and about_named.all_fit(said, picking.subscriptions_here(context)):
        return ""
    asked = subjects.subject_of(said.text)
    return "" if asked.endswith(said.text) or is_time(asked) else asked


def _asked_first(context: CommandContext, said: Said) -> channel.Reply | None:
    """Asks whether the person wants to change something for the whole chat."""
    if (command := intents.command_of(said, of_the_chat=True)) is None:
        return None
    if intents.only_shows(said):  # "how many papers do you send at most?" only asks for it
        return offered.run(context, *command)
    label = context.say("remove all") if said.intent == "unsub-all" else f"/{' '.join(command)}".strip()
    asked = offered.which(context, [offered.do_button(label, *command)])
    if said.intent.startswith("set-") and about_named.names_one(said, picking.subscriptions_here(context)):
        asked = replace(
            asked, lines=(context.say("That is for all of this chat, not for one subscription."), *asked.lines)
        )
    return offered.with_look_for(context, asked)


def is_unsure(context: CommandContext, said: Said) -> bool:
    """Returns whether it is not sure what a sentence says, so that the reply asks, or looks for words that find nothing."""
    if names.exemption_in(said.text) or names.container_in(said.text):
        return False
    said = about_named.read(said, picking.subscriptions_here(context))
    if said.intent == languages.OTHER_LANGUAGE:
        return True
    if said.is_sure or said.likely(reader.QUERY, *reader.ASKING) >= SURE:
        return False
    is_query = said.intent in (reader.QUERY, *reader.ASKING) or not said.is_clear
    return not (is_query and search.finds_papers(context, said.text))


def changes(context: CommandContext, said: Said) -> bool:
    """Returns whether `act` may change something."""
    asks = names.exemption_in(said.text) or names.container_in(said.text)
    return bool(asks) or _changes(said) or _changes(about_named.with_number(said, picking.subscriptions_here(context)))


def _changes(said: Said) -> bool:
    is_query = said.intent in (reader.QUERY, *reader.ASKING)
    return not is_query and said.intent not in (by_rule.HISTORY, languages.OTHER_LANGUAGE, *talk.TALK) and said.is_clear


def _talk(context: CommandContext, said: Said) -> channel.Reply | None:
    if said.intent == by_rule.HISTORY:
        return history.what_came(context, said.text)
    if said.intent == languages.OTHER_LANGUAGE:
        return other_languages.answer(context, said.text)
    if said.text in _SIGNS and context.message and context.message.reply_to and asking.can_ask(context):
        return _rated(context, said._replace(found=(reader.Score(_SIGNS[said.text], 1.0),)))
    is_unsure = said.intent == "thanks" and said.sure < _SINCERE
    is_an_answer = said.intent != by_rule.ACKNOWLEDGED and _YES_OR_NO.fullmatch(reader.folded(said.text))
    if said.intent not in talk.TALK or is_an_answer or is_unsure:
        return offered.what_to_say(context)
    return talk.answer(context, said)


def _rated(context: CommandContext, said: Said) -> channel.Reply | None:
    """Stores that the chat likes or dislikes a paper: the named one; without a name, the last delivered one."""
    names = mentioned(said.text)
    known = last_shown.paper_meant(context, names)
    if names and (known is None or said.sure < CERTAIN or not context.chat.id):
        return None  # so that the caller shows the paper's card
    if known is None or not context.chat.id:
        return channel.Reply(lines=(context.say("Which paper? Say its arXiv id, or press 👍 or 👎 on its card."),))
    return ratings.rate(context, [known], ratings.SIGNALS[said.intent])


def _changed(context: CommandContext, said: Said) -> channel.Reply | None:  # noqa: C901, PLR0911 - as above
    """Changes the subscriptions that are meant; if that is not clear, asks which."""
    there = picking.subscriptions_here(context)
    if not there:
        return _nothing_to_change(context, said)
    those = _meant(said, there)
    said = _exclusion_or_removal(said, there, those)
    strange = _strange_names(said, there)
    if not those and not strange and said.intent == "unsub":
        return _removal_of_unknown(context, said)
    if not those and said.intent in ("pause", "resume") and not intents.names_one(said):
        if not said.is_sure:
            each = [(one, command) for one in there if (command := change_said.change_of(said, one))]
            asked = _asked(context, said, each, whole=True)
            if pauses.is_only_length(said.text, said.tokens):
                return replace(asked, lines=(context.say("A subscription does not end by itself."), *asked.lines))
            return asked
        return offered.run(context, said.intent, pauses.pause_in(said) if said.intent == "pause" else "")
    is_unclear = bool(strange) or _disagree(said, those) or _names_several_at_once(said, those)
    candidates = there if strange else those or there
    wanted = _changes_of(said, candidates)
    if (
        not wanted
        and len(said.found) > 1
        and said.found[1].sure >= _BARELY
        and said.found[1].intent in change_said.INTENTS
    ):
        return _changed(context, said._replace(found=said.found[1:]))
    if not wanted:
        return _nothing_changed(context, said, candidates)
    command = wanted[0][1]
    if said.intent == "unsub" and len(wanted) > 1 and not is_unclear:
        command = ("unsub", " ".join(str(one.number) for one, _ in wanted))
    elif is_unclear:
        return _asked(context, said, wanted, strange)
    elif len(wanted) > 1:
        return _of_several(context, said, wanted, whole=not those)
    if said.is_sure:
        return offered.run(context, *command)
    if len(wanted) == 1:
        return _asked(context, said, wanted)
    return offered.with_look_for(
        context, offered.which(context, [offered.do_button(f"{context.say('remove')} {command[1]}", *command)])
    )


def _changes_of(said: Said, there: Sequence[model.Subscription]) -> list[tuple[model.Subscription, tuple[str, str]]]:
    """Returns the command that changes each subscription as a sentence says; without those that lack a denied day anyway."""
    found = [(one, command) for one in there if (command := change_said.change_of(said, one))]
    if len(there) > 1 and days.days_in(said).denied:
        return [(one, (name, args)) for one, (name, args) in found if args != f"{one.number} {one.cadence}"]
    return found


def _nothing_changed(context: CommandContext, said: Said, there: Sequence[model.Subscription]) -> channel.Reply | None:
    """Returns the reply to a change that is impossible; None if the sentence may be a query."""
    if said.intent in ("schedule", "weekdays") and days.days_in(said).denied:
        refused = context.say(
            "{label} comes {schedule}. These days cannot be left out. Say when it shall come instead, such as “every monday at 9”.",
            label=there[0].label,
            schedule=everyday_cadence(str(there[0].cadence), context.localizer),
        )
        return channel.Reply(lines=(refused,), ok=False)
    return offered.what_to_say(context) if said.intent == "widen" else None


def _removal_of_unknown(context: CommandContext, said: Said) -> channel.Reply | None:
    """Removes what a sentence names otherwise than by the words of a subscription; asks which if it names none."""
    names_none = not said.texts(reader.NAMED, reader.WANTED, reader.UNWANTED, reader.AUTHOR)
    if names_none and names.has_strange_word(said.text):
        return None
    if said.sure >= CERTAIN:
        return offered.run(context, *(intents.command_of(said) or ("unsub", said.subject)))
    return offered.run(context, "unsub", "") if names_none else None


def _of_several(
    context: CommandContext, said: Said, wanted: Sequence[tuple[model.Subscription, tuple[str, str]]], *, whole: bool
) -> channel.Reply | None:
    """Pauses or resumes each of the subscriptions that a sentence numbers: "pause 1 and 2"; else asks which one is meant."""
    is_of_pauses = said.intent in ("pause", "resume")
    plain = _RANKED.sub("1", reader.folded(said.text))  # "the first and the third"
    is_neither = said.intent == "pause" and subjects.denies(plain)  # "no kelp or moss until monday"
    is_list = _LISTED.search(_OR.sub(",", plain) if is_neither else plain) is not None
    has_one_time = said.intent != "schedule" or len(said.marked(reader.WHEN)) <= 1
    is_numbered = (is_of_pauses or said.intent == "schedule") and {str(one.number) for one, _ in wanted} <= {
        *said.numbers
    }
    leaves_out = days.days_in(said).denied == days.WEEKEND  # of all, as for most people
    is_of_all = said.intent == "schedule" and (leaves_out or names.is_of_all(said.text))
    is_counted = said.is_sure and meant.counts(said.text) and said.intent in change_said.OF_WORDS
    if (is_of_all and said.is_sure) or is_counted or (is_numbered and has_one_time and is_list and said.is_sure):
        command = wanted[0][1][0]
        return context.press("do", {"command": command, "args": [args for _, (_, args) in wanted]})
    return _asked(context, said, wanted, whole=is_of_pauses and whole)


def _nothing_to_change(context: CommandContext, said: Said) -> channel.Reply | None:
    """Returns the reply to a sentence that changes subscriptions in a chat that has none; None if it may be a query."""
    refers = said.intent in ("schedule", "pause", "resume") and not split_when(said.text).only_time
    is_of_one = said.intent in ("name", "edit", "unsub") or not said.asks_for_papers
    if said.sure >= SURE and (refers or is_of_one or said.marked(reader.NUMBER)):
        return picking.no_subscriptions(context)
    if said.intent == "widen" and not said.subject:
        return offered.what_to_say(context)
    return None


def _disagree(said: Said, those: Sequence[model.Subscription]) -> bool:
    """Returns whether a sentence names one subscription by its number and another one by words.

    Examples are "number 2, the diffusion one", and "number 2 and the zeta one" if no subscription is about zeta.
    """
    if meant.so_many(said.text, those):  # "the first two"
        return False
    plain = reader.folded(said.text)
    numbered = [str(one.number) in said.numbers for one in those]
    if not any(numbered) or all(numbered):
        return any(numbered) and said.intent in ("pause", "resume") and names.may_name(said.text, said.intent)
    return not _ALSO.search(plain)


def _names_several_at_once(said: Said, those: Sequence[model.Subscription]) -> bool:
    """Returns whether a removal names several subscriptions by a word that they share, though it may mean one: "remove carbon".

    "remove the carbon ones" and "remove both" mean each of them.
    """
    if said.intent != "unsub" or len(those) < 2 or _ALL_OF_THEM.search(reader.folded(said.text)):  # noqa: PLR2004
        return False
    called = names.names_in(said.text, said.intent)
    return any(sum(meant.fits(name, one) for one in those) > 1 for name in called)


def _strange_names(said: Said, there: Sequence[model.Subscription]) -> list[str]:
    """Returns names in a sentence that fit no subscription. Raises NotFound for a number that none has."""
    if said.intent not in (*about_named.OF_ONE, "schedule", "now", "weekdays", "name", *change_said.OF_WORDS):
        return []
    named = names.names_in(said.text, said.intent)
    missing = next((number for number in _numbers_of(said) if not any(str(one.number) == number for one in there)), "")
    if missing:
        raise picking.not_found(missing)
    if said.intent in change_said.OF_WORDS:
        return []
    return [
        name
        for name in named
        if names.without_general(name) and not any(meant.fits(name, one) or meant.is_named(name, one) for one in there)
    ]


def _numbers_of(said: Said) -> list[str]:
    """Returns the numbers that can only be those of subscriptions: they belong to no other part of the sentence."""
    alone = [token for piece in subjects.pieces_of(said.text, said.intent) if not piece.part for token in piece.tokens]
    return (
        Said(said.text, tuple(alone)).numbers if said.intent in ("unsub", "exclude", "narrow", "widen", "name") else []
    )


def _exclusion_or_removal(said: Said, there: Sequence[model.Subscription], those: Sequence[model.Subscription]) -> Said:
    """Returns the meaning, corrected: if the words to exclude name a subscription, that subscription is to be removed.

    If the words to remove name no subscription, they are to be excluded from a query.
    """
    unwanted = [reader.folded(text) for text in said.texts(reader.UNWANTED, reader.WANTED, reader.AUTHOR)]
    if said.intent == "exclude" and any(name in unwanted for one in there for name in meant.called(one)):
        return said._replace(found=(said.found[0]._replace(intent="unsub", sure=HALF),))
    if said.intent == "unsub" and not those and said.texts(reader.NAMED) and said.likely("exclude") >= _MAY_BE:
        return said._replace(found=(said.found[0]._replace(intent="exclude", sure=HALF),))
    return said


_SINCERE = 0.8
_SIGNS = {"👍": "like-paper", "👎": "dislike-paper"}  # as the reply to a paper, a sign rates it
_MAY_BE, _BARELY = 0.2, 0.05
_ALSO_ASKED = ("schedule", "schedule-now", "schedule-weekdays", "exclude", "narrow", "widen")
_SETS = ("schedule-", "set-", "feed", "lang-", "stop", "unsub-all", "forget", "timezone", "undo", "cancel")
_OF_THE_CHAT = ("widen", "pause", "resume")  # with these, "everything" is not read as each single subscription


def _asked(
    context: CommandContext,
    said: Said,
    wanted: Sequence[tuple[model.Subscription, tuple[str, str]]],
    strange: Sequence[str] = (),
    *,
    whole: bool = False,
) -> channel.Reply:
    """Asks whether to do what the sentence says, or with which subscription; `wanted` has a command for each one.

    `strange` are names in the sentence that fit no subscription. With `whole`, the whole chat may be meant, too.
    """
    does = {
        "unsub": context.say("remove"),
        "pause": context.say("pause"),
        "resume": context.say("resume"),
        "schedule": "" if days.days_in(said).denied else subjects.time_in(said.text, said.intent),
        "exclude": context.say("exclude"),
    }.get(said.intent, "")
    buttons = [offered.do_button(_label(does, one, command), *command) for one, command in wanted[: picking.A_PAGE]]
    if whole:
        every = context.say("pause all") if said.intent == "pause" else context.say("resume all")
        buttons.append(offered.do_button(every, said.intent, pauses.pause_in(said) if said.intent == "pause" else ""))
    asked = offered.which(context, buttons)
    more = picking.not_shown(context, len(wanted) - picking.A_PAGE)
    if strange:
        none = context.say("No subscription of this chat is called “{name}”.", name=strange[0][: offered.LABEL])
        asked = replace(asked, lines=(none, context.say("Which one do you mean?"), *more))
    return offered.with_look_for(context, replace(asked, lines=asked.lines if strange else (*asked.lines, *more)))


def _label(does: str, one: model.Subscription, command: tuple[str, str]) -> str:
    """Returns the label of a button for a change: what it does with which subscription; of a new query, that query."""
    name, args = command
    if name == "edit" and not does:
        number, _, text = args.partition(" ")
        return f"{number}  {text}"
    if name == "schedule" and not does:
        does = args.partition(" ")[2]
    return f"{does} {one.number}  {one.label}".strip()


def _meant(said: Said, there: Sequence[model.Subscription]) -> list[model.Subscription]:  # noqa: PLR0911 - one for each way to name one
    """Returns the subscriptions that a sentence means: by number, by words, the last one, all, or the only one."""
    plain = reader.folded(said.text)
    is_one_clause = not re.search(r"[,;、]", plain)  # not 前两个合适，末一个删掉
    if is_one_clause and (counted := meant.so_many(said.text, there)):
        return list(counted)
    words = {token.mark for token in said.tokens}
    parts = names.names_in(said.text, said.intent)
    named = [one for one in there if meant.is_named(plain, one) or any(meant.fits(text, one) for text in parts)]
    numbered = [one for one in there if str(one.number) in said.numbers]
    if numbered or named:
        return [
            one for one in there if one in numbered or (one in named and said.intent not in change_said.OF_WORDS)
        ] or named
    if said.intent in ("schedule", *about_named.OF_ONE) and (hinted := meant.hinted(said.text, there)):
        return hinted

    def has(those: Sequence[str]) -> bool:
        return any(one in words or (not one.isascii() and one in plain) for one in those)

    if has(_LAST):
        return [there[-1]]
    is_of_a_thing = said.intent == "unsub" and said.has_unknown  # "cancel all termite alerts"
    if has(_EVERY) and said.intent not in _OF_THE_CHAT and not is_of_a_thing:
        return list(there)
    if len(there) > 1 or said.intent in ("pause", "resume"):
        return []
    if said.intent != "unsub" or any(one in words or one in plain for one in _THAT):
        return list(there)
    return []
