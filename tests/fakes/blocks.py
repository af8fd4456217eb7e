"""Checks blocks and metadata of a message as Slack does (docs.slack.dev, Block Kit).

`slack_sdk.models` checks less: not the number of blocks, the length of fields or the total. So it runs last.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

BLOCKS = 50
ALL_BLOCKS = 13_200  # characters of all texts together. Public reports name this limit, so the fake refuses longer ones
MARKDOWN = 12_000  # of all markdown blocks of a message together
VIEW_BLOCKS = 100
METADATA = 8_000  # bytes. Slack does not publish its limit. Our ids need a hundredth of this

IN_MESSAGES = {
    "section",
    "header",
    "context",
    "divider",
    "actions",
    "image",
    "rich_text",
    "markdown",
    "video",
    "input",
    "file",
}


class BadBlocks(Exception):
    """Invalid blocks. Holds Slack's error code and its response_metadata.messages."""

    def __init__(self, message: str, code: str = "invalid_blocks") -> None:
        super().__init__(message)
        self.code = code
        self.message = f"[ERROR] {message}"


def check_blocks(blocks: object) -> None:
    """Raises BadBlocks for blocks that Slack refuses."""
    if not isinstance(blocks, list):
        raise BadBlocks("blocks must be a list", "invalid_blocks_format")
    if len(blocks) > BLOCKS:
        raise BadBlocks(f"no more than {BLOCKS} items allowed [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        if not isinstance(block, dict):
            raise BadBlocks(f"must be an object [json-pointer:/blocks/{number}]", "invalid_blocks_format")
        _check_block(block, f"/blocks/{number}")
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    if any(times > 1 for times in ids.values()):
        raise BadBlocks("`block_id` is not unique")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN:
        raise BadBlocks("markdown blocks are too long together", "msg_blocks_too_long")
    if sum(map(len, texts_of(blocks))) > ALL_BLOCKS:
        raise BadBlocks("blocks are too long together", "msg_blocks_too_long")
    _ask_the_library(blocks)


def check_view(view: object) -> None:
    """Raises BadBlocks for a modal or home view that Slack refuses (docs.slack.dev, View objects)."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        raise BadBlocks("view must be a modal or a home", "invalid_arguments")
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or len(blocks) > VIEW_BLOCKS:
        raise BadBlocks(f"no more than {VIEW_BLOCKS} items allowed [json-pointer:/view/blocks]", "invalid_arguments")
    try:
        _check_parts(view, blocks)
        _ask_the_library(blocks)
    except BadBlocks as bad:
        bad.code = "invalid_arguments"
        raise


def _check_parts(view: Mapping[str, Any], blocks: Sequence[dict[str, Any]]) -> None:
    for number, block in enumerate(blocks):
        _check_block(block, f"/view/blocks/{number}")
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    if any(times > 1 for times in ids.values()):
        raise BadBlocks("`block_id` is not unique")
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        _short(view.get(name, ""), most, f"/view/{name}")
    if view["type"] == "home":
        return
    for name in ("title", "submit", "close"):
        if name == "title" or name in view:
            _check_text(view.get(name), 24, f"/view/{name}", only="plain_text")
    if "submit" not in view and any(block["type"] == "input" for block in blocks):
        raise BadBlocks("a modal with inputs must have a submit button [json-pointer:/view]")


def _ask_the_library(blocks: Sequence[Mapping[str, Any]]) -> None:
    for block in blocks:
        try:
            parsed = Block.parse(dict(block))
            if parsed is not None:
                parsed.to_dict()
        except SlackObjectFormationError as error:
            raise BadBlocks(str(error)) from error


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
            if not name or not all(letter.isalnum() or letter in "_-." for letter in name):
                raise BadBlocks("event_type is not valid", "invalid_metadata_schema")
            if not all(isinstance(value, str | int | float | bool | dict | list) for value in payload.values()):
                raise BadBlocks("event_payload is not valid", "invalid_metadata_schema")
            if len(str(payload)) > METADATA:
                raise BadBlocks("metadata is too large", "metadata_too_large")
        case _:
            raise BadBlocks("metadata must hold event_type and event_payload", "invalid_metadata_format")


def _check_block(block: dict[str, Any], where: str) -> None:
    kind = block.get("type")
    if kind not in IN_MESSAGES:
        raise BadBlocks(f"unsupported type: {kind} [json-pointer:{where}/type]")
    _short(block.get("block_id", ""), 255, f"{where}/block_id")
    match kind:
        case "section":
            _check_section(block, where)
        case "header":
            _check_text(block.get("text"), 150, f"{where}/text", only="plain_text")
        case "context":
            _check_many(block.get("elements"), 10, f"{where}/elements")
            for element in block["elements"]:
                _check_element(element, f"{where}/elements")
        case "actions":
            _check_actions(block, where)
        case "input":
            _check_input(block, where)
        case "image":
            _check_image(block, where)
        case "markdown":
            _short(_string(block.get("text"), where), MARKDOWN, f"{where}/text")


def _check_section(block: dict[str, Any], where: str) -> None:
    if "text" not in block and "fields" not in block:
        raise BadBlocks(f"missing required field: text or fields [json-pointer:{where}]")
    if "text" in block:
        _check_text(block["text"], 3000, f"{where}/text")
    if "fields" in block:
        _check_many(block["fields"], 10, f"{where}/fields")
        for part in block["fields"]:
            _check_text(part, 2000, f"{where}/fields")
    if "accessory" in block:
        _check_interactive(block["accessory"], f"{where}/accessory")


def _check_actions(block: dict[str, Any], where: str) -> None:
    _check_many(block.get("elements"), 25, f"{where}/elements")
    for element in block["elements"]:
        _check_interactive(element, f"{where}/elements")
    ids = [element["action_id"] for element in block["elements"] if "action_id" in element]
    if len(ids) != len(set(ids)):
        raise BadBlocks(f"`action_id` is not unique [json-pointer:{where}]")


def _check_input(block: dict[str, Any], where: str) -> None:
    _check_text(block.get("label"), 2000, f"{where}/label", only="plain_text")
    if "hint" in block:
        _check_text(block["hint"], 2000, f"{where}/hint", only="plain_text")
    element = block.get("element")
    if not isinstance(element, dict):
        raise BadBlocks(f"missing required field: element [json-pointer:{where}]")
    _short(element.get("action_id", ""), 255, f"{where}/element/action_id")
    match element.get("type"):
        case "plain_text_input":
            if not 0 < int(element.get("max_length", 3000)) <= 3000:
                raise BadBlocks(f"must be from 1 to 3000 [json-pointer:{where}/element/max_length]")
        case "static_select" | "radio_buttons":
            _check_options(element.get("options"), 100, f"{where}/element")
        case "timepicker" | "datepicker" | "checkboxes":
            pass
        case other:
            # stricter: we use no other element
            raise BadBlocks(f"unsupported type: {other} [json-pointer:{where}/element]")


def _check_element(element: object, where: str) -> None:
    """Checks an element of a context block, which is a text or a small image."""
    if isinstance(element, dict) and element.get("type") == "image":
        _check_image(element, where)
    else:
        _check_text(element, 3000, where)


def _check_interactive(element: object, where: str) -> None:
    if not isinstance(element, dict):
        raise BadBlocks(f"must be an object [json-pointer:{where}]")
    _short(element.get("action_id", ""), 255, f"{where}/action_id")
    match element.get("type"):
        case "button":
            _check_text(element.get("text"), 75, f"{where}/text", only="plain_text")
            _short(element.get("value", ""), 2000, f"{where}/value")
            _short(element.get("url", ""), 3000, f"{where}/url")
        case "overflow":
            _check_options(element.get("options"), 5, where)
        case "static_select":
            _check_options(element.get("options"), 100, where)
        case "image":
            _check_image(element, where)
        case other:
            raise BadBlocks(f"unsupported type: {other} [json-pointer:{where}/type]")  # stricter: we use no other type


def _check_options(options: object, most: int, where: str) -> None:
    _check_many(options, most, f"{where}/options")
    assert isinstance(options, list)
    for option in options:
        _check_text(option.get("text"), 75, f"{where}/options/text", only="plain_text")
        _short(_string(option.get("value", ""), where), 150, f"{where}/options/value")
        _short(option.get("url", ""), 3000, f"{where}/options/url")


def _check_image(image: dict[str, Any], where: str) -> None:
    _short(_string(image.get("image_url"), where), 3000, f"{where}/image_url")
    _short(_string(image.get("alt_text"), where), 2000, f"{where}/alt_text")


def _check_text(text: object, most: int, where: str, *, only: str = "") -> None:
    if not isinstance(text, dict) or text.get("type") not in ({only} if only else {"mrkdwn", "plain_text"}):
        raise BadBlocks(f"must be a {only or 'text'} object [json-pointer:{where}]")
    _short(_string(text.get("text"), where), most, f"{where}/text")


def _string(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadBlocks(f"must be more than 0 characters [json-pointer:{where}]")
    return value


def _short(value: str, most: int, where: str) -> None:
    if len(value) > most:
        raise BadBlocks(f"must be less than {most + 1} characters [json-pointer:{where}]")


def _check_many(values: object, most: int, where: str) -> None:
    if not isinstance(values, list) or not values:
        raise BadBlocks(f"must be a list of at least one item [json-pointer:{where}]")
    if len(values) > most:
        raise BadBlocks(f"no more than {most} items allowed [json-pointer:{where}]")
