"""The language of a text, by its letters."""

import re

KANA = "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_EAST_ASIAN = re.compile(f"[{KANA}{HANGUL}{HAN}]")
_NOT_HAN = re.compile(f"[{KANA}{HANGUL}]")
_A_KANA = re.compile(f"[{KANA}]")


def language_of(*texts: str) -> str:
    """Returns the ISO 639-1 code of the language of some texts: "ja" for kana, "ko" for Hangul, "zh" for Han.

    Any other script counts as English.
    """
    text = " ".join(text for text in texts if not text.isascii())
    first = _EAST_ASIAN.search(text)
    if not first:
        return "en"
    if not _NOT_HAN.search(text, first.start()):
        return "zh"
    if _A_KANA.search(text, first.start()):
        return "ja"
    return "ko"
