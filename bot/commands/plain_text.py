"""A text without a slash: papers by their ids, a wish for a change, or words to look for; nothing is changed by one.

Distress gets a kind sentence.

The order is that of docs/guide.md. Commands that were typed without their slash come before, see bare_commands.py.
"""

import re
from dataclasses import replace
from typing import Any, Literal

from bot.commands.asking import subscription_numbered, subscription_of_button, subscriptions_here
from bot.commands.base import DO, Callback, CommandFunction, Context, with_stored_chat
from bot.commands.cards import CARDS, named_papers, no_paper, opens_a_paper
from bot.commands.list import change_list
from bot.commands.phrasing import shortened
from bot.commands.search import finds_papers, papers_found, try_query
from bot.commands.start import speak_button
from bot.free_text.bare_commands import Bare
from bot.free_text.kinds import asks_for_data, asks_nothing, asks_the_bot, other_words, wants_change
from bot.free_text.wishes import formed_wish, wish, without_time
from bot.messages import FileWithoutCommand, Reply
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.schedule.times import only_excluded, without_politeness
from subscriptions.text.words import tokens

_FEW_WORDS = 2  # beside the verb, of a wish for a change of something that is not subscribed: 退订扩散
_LABEL = 40  # characters of an answer on a button
_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1


def plain_text(context: Context) -> Reply | None:
    """Return the reply to a text that is no command. Raise NeedsLookup, also for a model where it is not sure."""
    said = context.args.strip()
    reply = _with_answer(context, said, _reply_to(context, said))
    if context.app.reader and _is_unsure(context, said):
        context.ask_for("reader", [said])
    return reply


def _reply_to(context: Context, said: str) -> Reply | None:
    if is_of_papers(said):
        return named_papers(context, mentioned(said))
    if not said or (_has_file(context) and context.origin.kind is ChatKind.PRIVATE):
        return _of_file(context)
    if asks_for_data(said):
        erase = context.runs("forget", label=context.say("erase this chat"))
        return context.reply("/privacy shows what I store; /forget erases it.", buttons=((erase,),))
    match _wish_for_change(context, said):
        case "list":
            return change_list(context, said)
        case "papers":
            return _with_mine(context, looked_for(context, said))
    return _found_or_mine(context, said)


def not_taken(question: CallbackToken | None) -> dict[str, Any]:
    """Return the arguments of a plain text that does not look like an answer to this open question, which it ends."""
    return {} if question is None or question.about else {"question": question.verb, "of": dict(question.arguments)}


def _with_answer(context: Context, said: str, reply: Reply | None) -> Reply | None:
    """Add a button that takes the text as the answer after all, if it could be one: any text can be a name."""
    asked = context.registry.callbacks.get(str(context.arguments.get("question")))
    if asked is None or asked.offer is None or reply is None:
        return reply
    meant = subscription_of_button(replace(context, arguments=context.arguments["of"]))
    if meant is None:
        return reply
    label = context.say(asked.offer, answer=shortened(said, _LABEL), number=meant.number)
    button = context.labelled(label, context.arguments["question"], **context.arguments["of"], text=said)
    return replace(reply, buttons=((button,), *reply.buttons))


def shown_first(bare: Bare) -> CommandFunction:
    """Return what a command does that was typed without its slash, and that is shown as a button first."""
    return if_there(
        lambda context: context.reply("To do it, press:", buttons=((context.runs(bare.name, bare.args),),)), bare.number
    )


def if_there(run: CommandFunction, number: str) -> CommandFunction:
    """Return a command about a subscription; if the chat does not have that number, what was typed is plain text."""

    def run_or_read(context: Context) -> Reply | None:
        if not number or subscription_numbered(context, int(number)):
            return run(context)
        typed = context.message.text if context.message else context.args
        return plain_text(replace(context, args=typed))

    return run_or_read


def is_of_papers(said: str) -> bool:
    """Return whether a text is nothing but ids and links of papers, at most five."""
    words = re.split(r"[\s,，、;；]+", said.strip(" ,，、;；.。"))
    return len(words) <= CARDS and all(mentioned(word) for word in words)


def _has_file(context: Context) -> bool:
    return context.message is not None and bool(context.message.file_id)


def _of_file(context: Context) -> Reply | None:
    """Run the command that reads such a file."""
    file = context.file
    if not isinstance(file, FileWithoutCommand):
        return context.reply("I read only text: words that papers should contain, or a link to a paper.")
    command = context.registry.by_name[file.command]
    known = with_stored_chat(context) if command.needs_manager else context
    return command.run(replace(known, file=file.content, args="", arguments={}))


def _wish_for_change(context: Context, said: str) -> Literal["", "list", "papers"]:
    """Return what a text that seems to want a change is about: what is subscribed, or other papers.

    "" for any other text.

    It is about other papers if its other words are of no subscription here, and are many or find papers. These papers
    come first then, since a title is looked for, too.
    """
    is_time = _is_time(said)
    there = subscriptions_here(context) if is_time or wants_change(said) else ()
    if not there:
        return ""
    left = set() if is_time else other_words(said)
    ours = {token for one in there for token in tokens(f"{one.text} {one.name}")}
    if left and not left & ours and (len(left) > _FEW_WORDS or finds_papers(context, said)):
        return "papers"
    return "list"


def _is_time(said: str) -> bool:
    """Return whether a text says only when papers are wanted: "please send them at 7"."""
    beside_it = without_time(without_politeness(said))
    return beside_it is not None and not other_words(beside_it)


def _with_mine(context: Context, found: Reply) -> Reply:
    return replace(found, buttons=(*found.buttons, (context.button("my subscriptions", "list"),)))


def _found_or_mine(context: Context, said: str) -> Reply:
    """Return what a text finds.

    If that is nothing, [my subscriptions] is below, and a question to the bot gets help.
    """
    if asks_nothing(said):
        return what_to_say(context)
    if links_to_no_paper(said) and not mentioned(said):
        return no_paper(context, said)
    if rules := _only_excluded(said):  # the answer says that something must be wanted
        return try_query(context, " ".join(f"-{rule}" for rule in rules))
    found = looked_for(context, said)
    if found.items or found.ok is False or context.read_by_strangers:
        return found
    if _is_time(said) or (asks_the_bot(said) and formed_wish(said) is None):
        found = what_to_say(context)
    return _with_mine(context, found) if subscriptions_here(context) else found


def _only_excluded(said: str) -> tuple[str, ...]:
    """Return what a text excludes that wants nothing: "no surveys". A title may begin so: "no free lunch theorem"."""
    rules = () if wish(said) else only_excluded(said)
    return rules if all(len(rule.split()) <= _FEW_WORDS for rule in rules) else ()


def looked_for(context: Context, said: str) -> Reply:
    """Return the papers that a text finds: as an everyday wish, else as it was typed, then those near in meaning."""
    if mentioned(said) and not finds_papers(context, said):
        return named_papers(context, mentioned(said))
    if meant := wish(said):
        return papers_found(context, meant.query, when=meant.when, subject=_subject(said))
    return _with_near_command(context, said, try_query(context, said))


def _subject(said: str) -> str:
    """Return what a wish is about as it was said; "" if it has a form, beside whose words its meaning is that of its query."""
    return "" if formed_wish(said) else said


def _with_near_command(context: Context, said: str, reply: Reply) -> Reply:
    """If the words find nothing, adds to the reply a button for the command that was probably meant."""
    word, _, rest = said.partition(" ")
    if reply.items or not (word.isascii() and word.isalpha()) or context.registry.command_named(word):
        return reply
    near = context.registry.nearest(word, alike=_ALIKE)
    if not near or (rest and word.casefold()[0] != near[0]):
        return reply
    asked = context.say("Did you mean /{name}?", name=near)
    return replace(reply, lines=(*reply.lines, asked), buttons=((context.runs(near, rest),), *reply.buttons))


def writes(context: Context) -> bool:
    """Return whether the reply needs a writing transaction: the text has a file, or opens a paper."""
    return _has_file(context) or opens_a_paper(context)


def _is_unsure(context: Context, said: str) -> bool:
    """Return whether a language model may read a text: it seems to want a change, or finds nothing."""
    if context.read_by_strangers or _has_file(context) or not said or asks_nothing(said):
        return False
    if mentioned(said) or links_to_no_paper(said):
        return False
    if wants_change(said) and subscriptions_here(context):
        return True
    meant = wish(said)
    return not finds_papers(context, meant.query if meant else said)


def what_to_say(context: Context) -> Reply:
    """Return a reply that says in two or three lines what people can write."""
    return context.reply(
        "Send me words that papers should contain, such as diffusion -survey, or a link to a paper.",
        "Words such as list, today, settings and stop do what they say.",
        buttons=((context.button("help", "help", text="all", replaces=True), speak_button(context)),),
    )


def comfort(context: Context) -> Reply:
    """Say where somebody listens."""
    return context.reply(
        "I am sorry that it is so hard right now; please talk to somebody you trust, or to people who listen at any "
        "hour: https://findahelpline.com names them for each country, and in danger your emergency number (112, 911) helps."
    )


PLAIN_TEXT = Callback(plain_text, writes=writes)
CALLBACKS = {DO: Callback(lambda _: None, needs_manager=True)}  # `intent` reads it as the command that it runs
