"""Text without a command in a private chat: the answer to a question, papers by their ids, else a query to try."""

from dataclasses import replace

from bot.commands.asking import answer_of
from bot.commands.cards import card_reply
from bot.commands.found import (
    card_buttons,
    count_found,
    query_lines,
    rows_of,
    subscribe_button,
    time_refused,
    words_button,
)
from bot.commands.turn import Press, Turn
from bot.ports import Button, Reply
from subscriptions import Ending, Tried, as_item, known_since, mentioned, papers_named, split_when, would_come

ROWS = 5  # papers of a preview
CARDS = 5  # papers that one message may ask for
_MANY_WORDS = 12
_GREETINGS = frozenset(
    {"hi", "hello", "hey", "hallo", "hola", "ciao", "bonjour", "salut", "thanks", "thank", "you", "ok", "okay", "test"}
    | {"yes", "no", "你好", "您好", "嗨", "哈喽", "谢谢", "好的", "好", "是", "不"}
)
_HELP = frozenset({"help", "menu", "commands", "帮助", "菜单"})


def plain(turn: Turn) -> Reply | None:
    """The answer to text that is no command."""
    said = turn.args.strip()
    if said and (answered := answer_of(turn)) is not None:
        return answered
    if said and mentioned(said):
        return named_papers(turn, said)
    if turn.request.file:
        return _document(turn)
    if said.casefold().strip("?!. ") in _HELP:
        return _run(turn, "help") or _what_to_say(turn)
    if _says_nothing(said):
        return _what_to_say(turn) if said else _only_text(turn)
    return _tried(turn)


def _says_nothing(said: str) -> bool:
    """Whether no paper is asked for: nothing but signs and emoji, or a greeting."""
    words = "".join(char if char.isalnum() else " " for char in said.casefold()).split()
    return all(word in _GREETINGS for word in words)


def _what_to_say(turn: Turn) -> Reply:
    words = turn.say("Send me words that papers should hold, such as diffusion -survey, or a link to a paper.")
    return Reply(lines=(words, turn.say("/help lists what else I know.")))


def _only_text(turn: Turn) -> Reply:
    return Reply(lines=(turn.say("I read only text: words that papers should hold, or a link to a paper."),))


def _document(turn: Turn) -> Reply | None:
    """A file that was dropped is to be imported."""
    return _run(turn, "import") or _only_text(turn)


def _run(turn: Turn, name: str) -> Reply | None:
    from bot.commands.registry import command_named  # noqa: PLC0415 - the registry imports what this module does

    command = command_named(name)
    return command.run(replace(turn, args="")) if command else None


# ------------------------------------------------------------------------------------------------------ papers by name


def named_papers(turn: Turn, text: str) -> Reply:
    """The cards of the papers that a text names by id, DOI or link; it names at least one."""
    names = mentioned(text)
    known = papers_named(turn.store, names[:CARDS])
    unknown = [name for name in names[:CARDS] if name not in known]
    if len(names) == 1 and known:
        return card_reply(turn, known[names[0]])
    papers = {paper.id: paper for paper in known.values()}
    items = tuple(
        replace(as_item(turn.store, turn.chat, paper), position=at) for at, paper in enumerate(papers.values())
    )
    lines = [turn.say("{name} is not known here.", name=name) for name in unknown]
    if unknown:
        lines.append(_known_since(turn))
    if len(names) > CARDS:
        lines.append(turn.say("The first {most} of {count}.", most=CARDS, count=len(names)))
    return Reply(
        lines=tuple(lines),
        ok=None if known else False,
        items=items,
        form="card",
        numbers=card_buttons(turn, items),
        buttons=((_elsewhere(turn, names[0]),),) if len(names) == 1 else (),
    )


def _known_since(turn: Turn) -> str:
    since = known_since(turn.store)
    if since is None:
        return turn.say("No papers are known yet.")
    return turn.say("I know the papers that came since {moment}.", moment=turn.voice.moment(since))


def _elsewhere(turn: Turn, name: str) -> Button:
    host = "https://doi.org/" if name.startswith("10.") else "https://arxiv.org/abs/"
    return Button(label=turn.say("look there"), url=host + name)


# ------------------------------------------------------------------------------------------------------ a query to try


def _tried(turn: Turn) -> Reply:
    """How many papers it finds, the newest, how it was read, and [subscribe]."""
    ending = split_when(turn.args)
    if ending.when is not None and (refusal := time_refused(turn, ending)):
        return refusal
    tried = would_come(turn.store, turn.chat, now=turn.now, which=ending.query)
    found = [item.paper for item in tried.delivery.items] if tried.delivery else []
    newest = sorted(found, key=lambda known: known.change or 0, reverse=True)[:ROWS]
    items = rows_of(newest, tried.query)
    return Reply(
        lines=(count_found(turn, tried), *_reading(turn, tried, ending), *_too_many_words(turn, tried)),
        items=items,
        numbers=card_buttons(turn, items),
        buttons=(*subscribe_button(turn, turn.args), *words_button(turn, ending, turn.args)) if tried.query else (),
    )


def _reading(turn: Turn, tried: Tried, ending: Ending) -> tuple[str, ...]:
    if tried.query is None:
        wish = tried.wishes[0]
        return (turn.say("This is subscription {number}: {name}", number=wish.number, name=wish.name or wish.text),)
    return query_lines(turn, tried.query, ending)


def _too_many_words(turn: Turn, tried: Tried) -> tuple[str, ...]:
    if tried.query is None or tried.delivery is not None:
        return ()
    words = len(tried.query.text.split())
    if words < _MANY_WORDS:
        return ()
    return (turn.voice.count("{count} word", "A paper must have all {count} words; fewer find more.", words),)


PLAIN = Press(run=plain)
NAMED = Press(run=lambda turn: named_papers(turn, turn.args))
