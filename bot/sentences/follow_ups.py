"""Decides what a message that refers to the one before it means: amends, replaces, corrects, chooses, what a "yes" presses. Pure.

A message that stands by itself, with a verb and a subject of its own, means none of these. Each step is an existing
command with its arguments, a button of the last reply, or what the message says about shown papers, so that all checks
and [undo] stay. If two readings are possible, the step is a question.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches

from bot.commands.frame import Choice, Shown
from bot.sentences import change_said, meant, named_orders, references
from bot.sentences.references import Following
from bot.sentences.steps import Do, Instead, Papers, Step, Which, WhichPaper
from bot.sentences.words import by_rule, intents, names, orders, pauses, reader, subjects
from bot.sentences.words.said import HALF, SURE, Said
from subscriptions import chat_settings, errors, zones
from subscriptions.model import ChatKind, Subscription
from subscriptions.planning.times.reading import clock_of, is_time
from subscriptions.query.rewriting import author_rule

_SPELLED = 0.75  # how similar a word must be to another one to be its right spelling: 0 to 1
_MOST_ASKED = 3  # subscriptions of which a question asks whether they are meant
_IN_THE_FIRST = re.compile(r"\b(?:in|of|for|from) the (?:first|second|third|fourth)(?: one)?\s*(?=$|[,;.!?])")
_OF_WORDS = ("without", "only", "also", "instead")
_VALUES = ("count", "when", "instead", "choose")
# setting → the intent whose sentences contain its value
_SAYS = {"limit": "set-limit", "quiet": "set-quiet", "timezone": "timezone"}
_ONE_OF = re.compile(
    r"\bthe (?:former|latter)\b|\bone of (?:them|these|those|the|my)\b|^\W*(?:please )?\w+ one\W*$|[其当]中一个|(?:任[意选]?|随便)一个"
)
_AGREED_TO = ("subscribe-to", "do", "rewrite")  # verbs of the buttons that a plain "yes" presses


def follow_up(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:  # noqa: PLR0911 - as above
    """Returns what a text means after what was shown; None if it stands by itself. `there` are the chat's subscriptions."""
    found = references.following(said)
    if (step := _of_last(said, found, shown, there)) is not None:
        return step
    match found.link:
        case "more":
            return _more(shown)
        case "again":
            return Do("search", shown.query) if shown.last == "query" else None
        case "agree" | "tell" | "decline":
            return _answered(found, shown, there)
        case "back" | "keep":
            return _taken_back(found, shown, there)
        case "same":
            return _judged_too(found, shown) or _same(said, shown, there)
        case "choose":
            return _judged_too(found, shown) or _some_papers(said, shown) or _chosen(said, shown, there)
        case "it":
            return _some_papers(said, shown) or _amended(found, shown, there) or _paper(said, shown, there)
        case "when" | "without" | "only" | "also" | "instead":
            return _amended(found, shown, there)
    return None


def _chosen(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns what a text chooses by its number or place: a button of a question, a subscription, or papers."""
    return _choice(said, shown) or _listed(said, shown) or _paper(said, shown, there)


def _of_last(said: Said, found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns another value, the same change for another subscription, a pressed button, or an order about several."""
    if pauses.is_only_length(said.text, said.tokens) and (longer := _right_length(said, shown)):
        return longer
    if found.link in _VALUES and (changed := _with_another_value(found, shown, there)) is not None:
        return changed
    if shown.did not in ("", "sub") and (other := _for_another(found, shown, there)):
        return other
    plain = references.plain_of(said.text)
    labelled = next((one for one in shown.choices if references.plain_of(one.label) == plain), None)
    # "subscribe" may mean several buttons, and a bare number those of other replies
    if labelled and found.link not in ("agree", "tell") and not plain.isdecimal():
        return labelled
    return _chosen_by_name(said, shown, there) or named_orders.order(said, shown, there)


def _with_another_value(found: Following, shown: Shown, there: Sequence[Subscription]) -> Do | None:
    """Returns the last change with another value: of a setting, of the time of a subscription, of a pause."""
    said = found.said
    if shown.last == "setting" and (value := _value(said, shown.setting)):
        return Do("set", f"{shown.setting} {value}")
    return _right_time(said, shown, there) or (None if found.link == "count" else _right_length(said, shown))


def _right_time(said: Said, shown: Shown, there: Sequence[Subscription]) -> Do | None:
    """Returns the time of the last subscription, corrected: "8, not 7"."""
    right, wrong = references.right_and_wrong(said.text)
    one = next((one for one in there if one.number == shown.number and shown.last == "number"), None)
    if not wrong or one is None or one.cadence.at is None or clock_of(wrong) != one.cadence.at or not clock_of(right):
        return None
    return named_orders.rescheduled(intents.meaning(f"move it to {right}"), one)


def _right_length(said: Said, shown: Shown) -> Do | None:
    """Returns the last pause with the length that a text gives it instead: "make it two weeks"."""
    is_of_pause = shown.last == "number" and shown.did.startswith("pause") and not shown.interrupted
    long = pauses.pause_in(said) if is_of_pause else ""
    if not long:
        return None
    if "through" not in reader.folded(said.text):  # the other day takes the place of the first: "no, next friday"
        long = long.replace("through ", "until ")
    return Do("pause", f"{shown.number or ''} {long}".strip())


def _taken_back(found: Following, shown: Shown, there: Sequence[Subscription]) -> Do | None:
    """Returns the undo of a new or a removed subscription, if a text takes that back, and names no other one.

    `undo` knows whether something else was said since, and asks then. Of a setting that is not what was changed last, the
    values are shown.
    """
    if setting := _setting_in(found.said):
        # "back to titles only" is a wish for it, "undo titles only" is none
        is_wish = orders.is_order(found.said.tokens) and not names.says_undo(found.said)
        if is_wish or found.link == "keep":
            return None
        is_last = shown.last == "setting" and shown.setting == setting
        return Do("undo", "") if is_last else Do("set", setting)
    is_undone = shown.did == "unsub" or (shown.did == "sub" and found.link == "back")
    is_last = shown.last == "number" and not _names_another(found.said, shown, there)
    return Do("undo", "") if is_last and is_undone else None


def _setting_in(said: Said) -> str:
    """Returns the setting that a text speaks of: "text" of "I never asked for titles only"; "" if it speaks of none."""
    group, _, rest = said.intent.partition("-")
    setting = {"lang": "lang", "set": rest.partition("-")[0]}.get(group, "")
    return setting if setting in chat_settings.SETTINGS else ""


def _names_another(said: Said, shown: Shown, there: Sequence[Subscription]) -> bool:
    """Returns whether a text names a subscription that is not the last one, by its words or its number."""
    plain, others = reader.folded(said.text), [one for one in there if one.number != shown.number]
    is_hour = said.intent == "schedule" and not names.is_numbered(said.text) and not said.marked(reader.WHEN)
    has_number = bool(said.marked(reader.NUMBER)) and not is_hour
    numbers = said.numbers if has_number else []  # not of "second thoughts", nor the 8 of a time
    hinted = meant.hinted(said.text, there) if said.intent == "schedule" else []
    is_hinted = any(one.number != shown.number for one in hinted)  # "the glacier alerts at 8"
    if _IN_THE_FIRST.search(plain):  # "skip reviews in the first"
        numbers = said.numbers
    return is_hinted or any(meant.is_named(plain, one) or str(one.number) in numbers for one in others)


def _names_unknown(said: Said, one: Subscription) -> bool:
    """Returns whether an order names something that a subscription is not about: 把地衣删掉 after one to 海冰."""
    if said.intent == "edit":  # "change moss to ferns" after one to kelp; not "wrong one, I meant ferns"
        return not references.following(said).corrects and any(
            not meant.fits(name, one) for name in said.texts(reader.NAMED)
        )
    is_order = said.intent in ("unsub", "pause", "resume")
    return is_order and names.has_strange_word(said.text) and not meant.is_named(reader.folded(said.text), one)


def _answered(found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns what a yes or a no means after what was shown; "no more kelp" is no answer where a subscription is about kelp."""
    if found.link == "decline":
        plain = reader.folded(found.said.text)
        removes = found.said.intent == "unsub" and any(meant.is_named(plain, one) for one in there)
        if removes or not shown.asks:
            return None
        return Choice(found.said.text, "cancel", {})  # what a reply did beside its question stays
    if found.link == "agree" and shown.asks:
        return _agreed(shown)
    return _accepted(found, shown)


def _value(said: Said, setting: str) -> str:
    """Returns the value that a text gives to the setting that was changed last, as "make that 5" does; "" if it gives none."""
    values = [said.text[token.start :] for token in said.tokens]
    if setting in _SAYS:
        command = intents.command_of(said._replace(found=(reader.Score(_SAYS[setting], 1.0),)))
        values.insert(0, command[1].removeprefix(setting).strip(" ,，") if command else "")
    return next((one for one in values if one and _can_be(setting, one)), "")


def _can_be(setting: str, value: str) -> bool:
    """Returns whether a setting can have this value."""
    if setting == "timezone":
        return bool(zones.zone_of_place(value))
    with suppress(errors.Refused):
        return bool(chat_settings.check_value(setting, reader.folded(value), kind=ChatKind.PRIVATE))
    return False


def _for_another(found: Following, shown: Shown, there: Sequence[Subscription]) -> Do | Instead | None:
    """Returns the last change, for another subscription: too ("trees as well"), or instead ("I meant trees")."""
    if not found.refers or (other := _another(found.said, shown, there)) is None:
        return None
    if found.corrects:
        if shown.last == "number" and not shown.interrupted:
            return Instead(_same_for(other, shown))
        return None
    return _same_for(other, shown) if found.link in ("same", "also") else None


def _same(said: Said, shown: Shown, there: Sequence[Subscription]) -> Do | None:
    """Returns a subscription to another topic, which comes when the last one does; None if the text names none."""
    last = next((one for one in there if one.number == shown.number), there[-1] if there else None)
    topic = subjects.wanted_in(said.text, "sub")
    return Do("sub", f"{topic} {last.cadence}") if topic and last else None


def _another(said: Said, shown: Shown, there: Sequence[Subscription]) -> Subscription | None:
    """Returns the only subscription, besides the one that was changed last, that a text means."""
    others = [one for one in there if one.number != shown.number]
    if not others:
        return None
    pointed = named_orders.pointed_at(said.text, shown, there)
    those = pointed.those if pointed else meant.meant_by(said.text, others).those
    if not those and not _numbers(said) and references.OTHER.search(reader.folded(said.text)):
        those = tuple(others)
    return those[0] if len(those) == 1 and those[0] in others else None


def _same_for(other: Subscription, shown: Shown) -> Do:
    """Returns the last change of a subscription, for another one."""
    command, _, args = shown.did.partition(" ")
    timed = named_orders.rescheduled(intents.meaning(args), other) if command == "schedule" else None
    return timed or Do(command, f"{other.number} {args}".strip())


def _amended(found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns the change of what was said last: of the query that was looked for, or of a subscription."""
    one = next((one for one in there if one.number == shown.number), None)
    # "it" may be any of them
    plain = reader.folded(found.said.text)
    # "both at 8", "one of them"
    is_of_several = meant.counts(plain) or names.is_of_each(found.said.text) or bool(_ONE_OF.search(plain))
    is_unclear = len(there) > 1 and (shown.interrupted or is_of_several)
    if is_unclear or _names_another(found.said, shown, there) or (one and _names_unknown(found.said, one)):
        one = None
    if found.said.intent == "pause" and _is_of_the_chat(found.said, shown, there):
        one = None
    if shown.last == "query":
        return _on_query(found, shown, there)
    if one and (found.link in _OF_WORDS or found.said.intent == "name"):
        found = found._replace(said=change_said.with_numbers(found.said, [one]))
    if shown.last == "number" and one:
        return _on_subscription(found, one)
    return None


def _is_of_the_chat(said: Said, shown: Shown, there: Sequence[Subscription]) -> bool:
    """Returns whether a pause is not about the last subscription: it names nothing, or says only how long."""
    if pauses.is_only_length(said.text, said.tokens):  # another length of the last pause, or of a subscription
        return not shown.did.startswith("pause")
    return len(there) > 1 and not names.points_at_that(said.text)


def _more(shown: Shown) -> Choice | None:
    pages = [one for one in shown.choices if one.verb == "search-page"]
    further = sorted(pages, key=lambda one: (len(one.arguments.get("stretches", ())), one.arguments.get("start", 0)))
    return further[-1] if further else None


def _agreed(shown: Shown) -> Step:
    """Returns the button that a "yes" to a question means; the question again if several may be meant."""
    likely = [one for one in shown.choices if one.verb in ("do", "rewrite")] or shown.choices
    first = next(iter(likely), None)
    is_only = len(likely) == 1 or (first is not None and first.verb == "look-for")
    return first if first and is_only else Which(shown.choices)


def _accepted(found: Following, shown: Shown) -> Step | None:
    """Presses the button that a "yes" means, or subscribes to the last query, at the time that is named."""
    is_of_nothing = not shown.papers or by_rule.is_acknowledged(found.said.text)
    if found.link == "agree" and is_of_nothing:
        return None
    when = subjects.time_in(found.said.text, "schedule") if found.link == "tell" else ""
    if when and shown.last == "query":
        return Do("sub", f"{shown.query} {when}")
    wanted = ("subscribe-to",) if found.link == "tell" else _AGREED_TO
    offered = [one for one in shown.choices if one.verb in wanted]
    is_of_query = all(str(one.arguments.get("text", "")).startswith(shown.query) for one in offered)
    if len(offered) == 1 and (is_of_query or found.link == "tell"):
        return offered[0]
    if offered and all(one.verb == "subscribe-to" for one in offered):
        return Which([Do("sub", str(one.arguments["text"])) for one in offered])
    is_wish = found.link == "tell" and shown.last == "query" and not offered
    return Do("sub", shown.query) if is_wish else None


def _chosen_by_name(said: Said, shown: Shown, there: Sequence[Subscription]) -> Choice | None:
    """Returns the buttons of a question that a text means by the words of their subscriptions, or as "both", in one."""
    if not shown.asks or len(said.tokens) > references.FEW or said.numbers:
        return None
    asked = {number: one for one in shown.choices if (number := _number_of(one))}
    offered = [one for one in there if one.number in asked]
    if said.is_sure and said.intent not in (reader.QUERY, *reader.ASKING):  # an order of its own
        return None
    if meant.counts(said.text):
        counted = meant.pointed_at(said.text, shown, offered)
        those = counted.those if counted else ()
    else:
        those = meant.only_named(said.text, offered)
    return _pressed([asked[one.number] for one in those])


def _pressed(choices: Sequence[Choice]) -> Choice | None:
    """Returns one step that presses all of these buttons; None if there are none, or if they do not run the same command."""
    if len(choices) == 1:
        return choices[0]
    commands = {str(one.arguments.get("command", "")) for one in choices}
    if {one.verb for one in choices} != {"do"} or len(commands) != 1:
        return None
    args = [str(one.arguments["args"]) for one in choices]
    command = commands.pop()
    return Choice(choices[0].label, "do", {"command": command, "args": " ".join(args) if command == "unsub" else args})


def _choice(said: Said, shown: Shown) -> Choice | None:
    """Returns the button of a question that a text means, by its place or by the number of a subscription."""
    numbers = _numbers(said)
    if not shown.asks or len(numbers) != 1:
        return None
    number = numbers[0]
    by_place = shown.choices[number - 1] if 0 < number <= len(shown.choices) else None
    # "the first one at 7" does not mean a spelling that is offered
    if by_place and by_place.verb == "rewrite" and not meant.is_place(said.text):
        return None
    of_one = [one for one in shown.choices if _number_of(one) == number]
    if by_place and (not of_one or of_one == [by_place]):
        return by_place
    return None


def _listed(said: Said, shown: Shown) -> Choice | None:
    """Returns the step that shows the subscription that a text chooses from the last list."""
    is_bare = not said.tokens  # the number of a subscription, which is shown in any case
    if not shown.listed or is_bare or (said.is_sure and said.intent != reader.QUERY):
        return None
    numbers, at = _numbers(said), meant.place_in(said.text)
    if at is not None and at < len(shown.listed):
        numbers = [shown.listed[at]]
    if len(numbers) == 1:
        return Choice(said.text, "subscription", {"number": numbers[0]})
    return None


def _number_of(choice: Choice) -> int | None:
    """Returns the number of the subscription that a button changes; None if it changes none."""
    first, _, _ = str(choice.arguments.get("number") or choice.arguments.get("args", "")).partition(" ")
    return int(first) if first.isdecimal() else None


def _numbers(said: Said) -> list[int]:
    plain = references.plain_of(said.text).strip("#")
    return [int(plain)] if plain.isdecimal() else [*map(int, said.numbers)]


def _paper(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns what a text means that is about shown papers: those with its numbers, the last one, or the only one."""
    papers, numbers = shown.papers, _numbers_in_list(said, shown)
    if papers and not numbers and references.LAST.search(reader.folded(said.text)):
        numbers = [max(papers)]
    is_bare = not said.tokens  # the number of a subscription, if there is one
    is_other = is_bare and any(one.number in numbers for one in there)
    is_either = shown.last == "query" and not shown.interrupted and papers.keys() >= {*numbers}
    is_ranked = (
        bool(numbers) and not re.search(r"\d", said.text) and not references.DENIED.search(reader.folded(said.text))
    )
    removes = said.intent == "unsub" and said.sure >= SURE and orders.is_order(said.tokens)
    if is_either and is_ranked and removes:  # "delete the first"
        return Which([Do("unsub", " ".join(map(str, numbers)))])
    if is_other or not papers.keys() >= {*numbers} or _is_of_subscriptions(said, there):
        return None
    if numbers:
        return Papers([papers[number] for number in numbers], said)
    only = shown.paper or (next(iter(papers.values())) if len(papers) == 1 else 0)
    if only:
        return Papers([only], said)
    if papers and said.intent in references.BUTTONS:
        return WhichPaper(references.BUTTONS[said.intent], papers)
    return None


def _judged_too(found: Following, shown: Shown) -> Papers | Instead | None:
    """Returns what was done with the last paper, for others as well ("also the fourth") or instead ("no, the second")."""
    ids = [shown.papers[number] for number in _numbers_in_list(found.said, shown) if number in shown.papers]
    is_bare = found.said.intent not in references.OF_PAPERS
    is_of_another = is_bare and (found.link in ("same", "also") or found.corrects)
    if not shown.judged or shown.interrupted or not ids or not is_of_another:
        return None
    papers = Papers(ids, Said("", found=(reader.Score(shown.judged, 1.0),)))
    return Instead(papers) if found.corrects else papers


def _numbers_in_list(said: Said, shown: Shown) -> list[int]:
    """Returns the numbers of papers that a text means; "the first" is the first of the page that is shown."""
    numbers, places = _numbers(said), sorted(shown.papers)
    is_of_page = bool(numbers) and not re.search(r"\d", said.text) and not shown.papers.keys() & {*numbers}
    if is_of_page:
        return [places[one - 1] for one in numbers if one <= len(places)]
    return numbers


def _some_papers(said: Said, shown: Shown) -> Papers | None:
    """Returns what a text means about several of the papers that were shown last: "save the first two"."""
    ids, text = meant.papers_counted(said.text, shown.papers)
    of_papers = intents.meaning(text)
    is_of_papers = of_papers.intent in references.OF_PAPERS and of_papers.sure >= HALF
    is_last = shown.last == "query" and not shown.interrupted
    return Papers(ids, of_papers) if ids and is_of_papers and is_last else None


def _is_of_subscriptions(said: Said, there: Sequence[Subscription]) -> bool:
    """Returns whether the numbers in a sentence mean subscriptions or a number of papers, instead of shown papers."""
    if (
        names.is_numbered(said.text)
        and said.intent in references.OF_SUBSCRIPTIONS
        and "subscription" in said.text.lower()
    ):
        return True
    if said.intent == "set-limit":
        counts = said.marked(reader.NUMBER)  # "first" and 第一 are places
        return bool(counts) and not any(words.startswith("第") for words in counts)
    plain = reader.folded(said.text)
    return (
        bool(said.numbers)
        and said.intent in references.OF_SUBSCRIPTIONS
        and said.is_sure
        and {str(one.number) for one in there} >= {*said.numbers}
        and not references.DENIED.search(plain)
    )


def _on_query(found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns the last query, changed as a text says: looked for, or subscribed if the text names a time."""
    said = found.said
    if found.link == "when":
        if subjects.denies(reader.folded(said.text)):  # "not on weekends" is for what comes already
            return None
        wish = Do("sub", f"{shown.query} {named_orders.when_of(found.read)}")
        is_wish = is_time(references.plain_of(said.text)) or said.likely("ask", "sub") > said.likely("schedule")
        if not there or (is_wish and not found.corrects and not shown.interrupted):
            return wish
        others = [named_orders.rescheduled(found.read, one) for one in there[-_MOST_ASKED:]]
        return Which([wish, *filter(None, others)])
    text = _changed(found, shown.query) if found.link in _OF_WORDS else None
    return Do("search", text) if text else None


def _on_subscription(found: Following, one: Subscription) -> Step | None:
    """Returns the change of the subscription that was made or changed last."""
    said = found.said
    if found.link == "when":
        return named_orders.rescheduled(found.read, one)
    if found.link in _OF_WORDS:
        text = _changed(found, one.text)
        change = Do("edit", f"{one.number} {text}", label=f"{one.number}  {text}") if text else None
        is_surely_of_it = found.corrects or (said.intent in (*change_said.OF_WORDS, "edit") and said.is_clear)
        if is_surely_of_it or change is None:
            return change
        return Which([change, Do("search", said.text)])
    if said.intent in ("preview", "share"):
        return Do(said.intent, str(one.number))
    command = change_said.change_of(said, one)
    return Do(*command) if command else None


def _changed(found: Following, query: str) -> str | None:
    """Returns a query, changed as a text says; None if it says no change.

    A word that is nearly one of the query is its right spelling, and replaces only that.
    """
    if found.link != "instead":
        return change_said.reworded(found.read, query)
    new = change_said.with_new_words(found.read, query) or _only_named(found.read, query)
    near = get_close_matches(new.lower(), query.lower().split(), n=1, cutoff=_SPELLED)
    return meant.with_other_words(query, near[0], new) if near else new or None


def _only_named(said: Said, query: str) -> str:
    """Returns the words that a text puts in place of a query and calls by no other: "I meant Chris Frith" is an author, too."""
    named = " ".join(said.texts(reader.NAMED))
    return author_rule(named) if named and query.startswith("author:") else named
