"""The boolean algebra of a query: its parts joined and excluded, and their canonical texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from subscriptions.query.refusals import MAX_ALTERNATIVES, too_many_alternatives
from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Term


class Literal(NamedTuple):
    """A term that a paper must fulfil or, if it is excluded, must not fulfil."""

    term: Term
    excluded: bool


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A boolean expression of which only terms are excluded, equal parts occur once, and parts are sorted by text."""

    text: str  # the canonical text; expressions with equal texts have the same meaning
    kind: type[And | Or | Leaf]
    parts: tuple["Form", ...] = ()  # two or more, none of the same kind as this expression
    alternatives: int = 1  # how many it has when it is expanded
    literal: Literal | None = None  # of a Leaf


class Part(NamedTuple):
    """A part of a query: its node as typed, its form, and the form of its opposite.

    Both forms are built from the leaves up, so the number of alternatives is known before any part is expanded.
    """

    node: Node
    form: Form
    opposite: Form
    parts: tuple["Part", ...] = ()  # the parts of an And or Or, or the excluded part of a Not


def part_of(leaf: Leaf) -> Part:
    """Return a leaf as a part."""
    wanted = Form(leaf.canonical, Leaf, literal=Literal(leaf.term, excluded=False))
    return Part(
        leaf, wanted, Form(f"-{leaf.excluded or leaf.canonical}", Leaf, literal=Literal(leaf.term, excluded=True))
    )


def joined(kind: type[And | Or], parts: Sequence[Part]) -> Part:
    """Join one or more parts into an And or an Or. Drops needless brackets and repeated parts."""
    rest = _different(kind, parts)
    if len(rest) == 1:
        return rest[0]
    form = _merged(kind, [part.form for part in rest])
    opposite = _merged(_other(kind), [part.opposite for part in rest])
    return Part(kind(tuple(part.node for part in rest)), form, opposite, rest)


def excluding(part: Part, column: int) -> Part:
    """Return the opposite of a part. `column` is the place of the minus.

    Brackets without a minus inside stay as typed.
    """
    node = part.node
    if isinstance(node, Not):
        return part.parts[0]
    if isinstance(node, Leaf) or not _holds_not(node):
        return Part(Not(node, column), part.opposite, part.form, (part,))
    kind = _other(type(node))
    parts = _different(kind, [excluding(inner, column) for inner in part.parts])
    return Part(kind(tuple(part.node for part in parts)), part.opposite, part.form, parts)


def _different(kind: type[And | Or], parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts, and those of brackets of the same kind, each once."""
    found: dict[str, Part] = {}
    for part in parts:
        for inner in part.parts if isinstance(part.node, kind) else (part,):
            found.setdefault(inner.form.text, inner)
    return tuple(found.values())


def _other(kind: type[And | Or]) -> type[And | Or]:
    return Or if kind is And else And


def _holds_not(node: Node) -> bool:
    if isinstance(node, And | Or):
        return any(map(_holds_not, node.nodes))
    return isinstance(node, Not)


def _merged(kind: type[And | Or], forms: Iterable[Form]) -> Form:
    different = {part.text: part for form in forms for part in (form.parts if form.kind is kind else (form,))}
    parts = tuple(sorted(different.values(), key=_order))
    if len(parts) == 1:
        return parts[0]
    counts = [part.alternatives for part in parts]
    if kind is Or:
        return Form(" OR ".join(part.text for part in parts), Or, parts, sum(counts))
    text = " ".join(f"({part.text})" if part.kind is Or else part.text for part in parts)
    return Form(text, And, parts, prod(counts))


def _order(form: Form) -> tuple[bool, str]:
    return form.literal is not None and form.literal.excluded, form.text


def column_of_exclusion(node: Node) -> int | None:
    """Return the column of the first minus if an alternative of this node only excludes; otherwise None."""
    if isinstance(node, Leaf):
        return None
    if isinstance(node, Not):
        return node.column
    columns = [column_of_exclusion(part) for part in node.nodes]
    found = [column for column in columns if column is not None]
    if isinstance(node, And) and len(found) < len(columns):
        return None
    return min(found, default=None)


def check_alternatives(*forms: Form) -> None:
    """Raise QueryError if each of the forms has more than 64 alternatives."""
    if min(form.alternatives for form in forms) > MAX_ALTERNATIVES:
        raise too_many_alternatives()


def alternatives_of(form: Form) -> tuple[Alternative, ...]:
    """Return the alternatives of a form, each once.

    Raise QueryError if they are more than 64, before it expands them.
    """
    check_alternatives(form)
    return tuple(
        Alternative(
            frozenset(term for term, excluded in literals if not excluded),
            frozenset(term.in_full for term, excluded in literals if excluded),
        )
        for literals in _expanded(form)
    )


def _expanded(form: Form) -> list[frozenset[Literal]]:
    if form.literal:
        return [frozenset((form.literal,))]
    # a generator here would make the stack deeper for nested brackets
    choices = [_expanded(part) for part in form.parts]
    if form.kind is Or:
        return list(dict.fromkeys(literals for choice in choices for literals in choice))
    found: list[frozenset[Literal]] = [frozenset()]
    for choice in choices:
        found = list(dict.fromkeys(one | other for one in found for other in choice))
    return found
