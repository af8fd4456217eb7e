"""Checks blocks and metadata of a message as Slack does (docs.slack.dev, Block Kit).

`slack_sdk.models` does not check the number of blocks, the length of fields or the total length. It runs after our
checks.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.fakes.slack_workspace import Refusal

BLOCKS = 50
ALL_BLOCKS = 13_200  # characters of all texts together, as public reports say
MARKDOWN = 12_000  # characters of all markdown blocks of a message together
METADATA = 8_000  # characters. Slack does not publish its limit; paperwire's metadata has less than 100


class Kinds(dict[str, Any]):
    """Maps the `type` of an object to the shape that the object must have."""


class BadBlocks(Refusal):
    """Slack refuses blocks. Its response_metadata says what is wrong with them."""

    def __init__(self, message: str, code: str = "invalid_blocks") -> None:
        super().__init__(code, response_metadata={"messages": [f"[ERROR] {message}"]})


def misfits(value: object, shape: Any, where: str = "", *, is_closed: bool = False) -> Iterator[str]:
    """Yields each place where a value does not match a shape.

    With `is_closed`, objects may have only fields of the shape.

    What a shape means: a number is the largest length of a text; a set or a range has the allowed values;
    (number, shape) is the largest length of a list and the shape of its elements; a dict has the fields of an object.
    A field whose name ends with "?" may be missing.
    """
    match shape:
        case type():
            fits = type(value) is shape
        case int():
            fits = isinstance(value, str) and 0 < len(value) <= shape
        case set() | range():
            fits = value in shape
        case (int(most), inner):
            fits = isinstance(value, list) and 0 < len(value) <= most
            for number, one in enumerate(value if isinstance(value, list) else ()):
                yield from misfits(one, inner, f"{where}/{number}", is_closed=is_closed)
        case Kinds():
            fits = isinstance(value, dict) and value.get("type") in shape
            if isinstance(value, dict) and fits:
                yield from misfits(value, shape[value["type"]], where, is_closed=is_closed)
        case _:
            fits = isinstance(value, dict)
            if isinstance(value, dict):
                yield from _misfits_of_object(value, shape, where, is_closed=is_closed)
    if not fits:
        yield f"{where} does not match {shape}"[:300]


def _misfits_of_object(
    value: Mapping[str, Any], shape: Mapping[str, Any], where: str, *, is_closed: bool
) -> Iterator[str]:
    names = {name.rstrip("?"): inner for name, inner in shape.items()}
    yield from (f"{where}/{name} is missing" for name in shape if not name.endswith("?") and name not in value)
    for name, inside in value.items():
        if name in names:
            yield from misfits(inside, names[name], f"{where}/{name}", is_closed=is_closed)
        elif is_closed:
            yield f"{where}/{name} is unknown"


def plain(most: int) -> dict[str, Any]:
    """Returns the shape of a text without markup."""
    return {"type": {"plain_text"}, "text": most}


def marked(most: int) -> dict[str, Any]:
    """Returns the shape of a text that may have markup."""
    return {"type": {"mrkdwn", "plain_text"}, "text": most}


def options(most: int) -> tuple[int, dict[str, Any]]:
    return most, {"text": plain(75), "value": 150, "url?": 3000}


IMAGE = {"image_url": 3000, "alt_text": 2000}
# stricter than Slack: the fake knows only the elements that paperwire uses
ELEMENT = Kinds(
    button={"text": plain(75), "value?": 2000, "url?": 3000, "action_id?": 255},
    overflow={"options": options(5), "action_id?": 255},
    static_select={"options": options(100), "action_id?": 255},
    image=IMAGE,
)
BLOCK = Kinds(
    section={"text?": marked(3000), "fields?": (10, marked(2000)), "accessory?": ELEMENT, "block_id?": 255},
    header={"text": plain(150), "block_id?": 255},
    context={
        "elements": (10, Kinds(image=IMAGE, mrkdwn={"text": 3000}, plain_text={"text": 3000})),
        "block_id?": 255,
    },
    actions={"elements": (25, ELEMENT), "block_id?": 255},
    image={**IMAGE, "block_id?": 255},
    markdown={"text": MARKDOWN, "block_id?": 255},
    divider={"block_id?": 255},
    rich_text={"block_id?": 255},
    video={"block_id?": 255},
    file={"block_id?": 255},
)


def check_blocks(blocks: object) -> None:
    """Raises BadBlocks for blocks that Slack refuses."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise BadBlocks("blocks must be a list of objects", "invalid_blocks_format")
    _check_each(blocks, BLOCKS)
    BadBlocks.when(
        sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN,
        "markdown blocks are too long together",
        "msg_blocks_too_long",
    )
    BadBlocks.when(sum(map(len, texts_of(blocks))) > ALL_BLOCKS, "blocks are too long together", "msg_blocks_too_long")


def _check_each(blocks: Sequence[Mapping[str, Any]], most: int) -> None:
    BadBlocks.when(len(blocks) > most, f"no more than {most} items allowed [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        for wrong in misfits(block, BLOCK, f"/blocks/{number}"):
            raise BadBlocks(wrong)
        BadBlocks.when(
            block["type"] == "section" and not {"text", "fields"} & set(block),
            f"missing required field: text or fields [json-pointer:/blocks/{number}]",
        )
        _check_unique("action_id", block.get("elements", ()))
        try:
            parsed = Block.parse(dict(block))
            if parsed is not None:
                parsed.to_dict()
        except SlackObjectFormationError as error:
            raise BadBlocks(str(error)) from error
    _check_unique("block_id", blocks)


def _check_unique(name: str, parts: Sequence[Mapping[str, Any]]) -> None:
    BadBlocks.when(
        any(times > 1 for times in Counter(part[name] for part in parts if name in part).values()),
        f"`{name}` is not unique",
    )


def texts_of(value: object) -> Iterator[str]:
    """Yields every text that people see in blocks, in order."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name == "text" and isinstance(part, str):
                yield part
            else:
                yield from texts_of(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from texts_of(part)


def check_metadata(metadata: object) -> None:
    """Raises BadBlocks for metadata that Slack refuses."""
    match metadata:
        case {"event_type": str(name), "event_payload": dict(payload)}:
            BadBlocks.when(
                not name or not all(letter.isalnum() or letter in "_-." for letter in name),
                "event_type is not valid",
                "invalid_metadata_schema",
            )
            if not all(isinstance(value, str | int | float | bool | dict | list) for value in payload.values()):
                raise BadBlocks("event_payload is not valid", "invalid_metadata_schema")
            BadBlocks.when(len(str(payload)) > METADATA, "metadata is too large", "metadata_too_large")
        case _:
            raise BadBlocks("metadata must hold event_type and event_payload", "invalid_metadata_format")
