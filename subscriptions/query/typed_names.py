"""Read a typed name: its parts, and which given names a paper may write as initials.

"Austin Burt" and "Burt, Austin" are one name, whose family name is the last word, or what is before the comma. A paper
may have it as "Burt, A.", unless so many people share the family name that this is probably somebody else.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from subscriptions.text.folding import fold_apostrophes, fold_letters, is_latin
from subscriptions.text.words import author_tokens

# Family names of so many authors that an initial rarely means the person: of 100 names with one of these and an initial,
# 14 are the right person, of others 94. Without accents; they are compared with what was typed, since Doe is not Do.
_COMMON = """
    agarwal ahmed ahn ai ali an bai bao bi brown bui cai cao chan chang chen cheng cheung chiu cho choi chowdhury
    chu chung cohen cui dai dang das deng ding do dong du duan fan fang fei feng fu gan gao ge geng ghosh gong gu
    guan gui guo gupta han hao he ho hoang hong hou hsu hu hua huang huo hwang islam jain jang jeon jeong ji jia
    jiang jiao jin jing johnson jones ju jung kang ke khan kim ko kong kuang kumar kuo kwon lai lan lau le lee lei
    leung li lian liang liao lim lin ling liu long lou lu luo lv lyu ma mao mei meng miao min mishra mo moon mu
    mueller muller ng ngo nguyen ni nie ning niu oh pan pang park patel pei peng pham phan qi qian qiao qin qiu qu rahman
    rao ren roy ruan sato seo shah shan shang shao sharma shen sheng shi shin shu singh smith song su sun suzuki tan
    tanaka tang tao tian tong tran tsai tu vo vu wan wang wei wen weng williams wong wu xi xia xiang xiao xie xing
    xiong xu yan yang yao ye yeh yi yin ying yoon you yu yuan yun zeng zhai zhan zhang zhao zheng zhong zhou zhu
    zhuang zou zuo
    """
COMMON_FAMILY_NAMES = frozenset(_COMMON.split())
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_COMMA = re.compile("[,，、]")
# with its hyphens; a dot ends the initial before it, as in J.Doe
_LAST_WORD = re.compile(r"([^\s.,，、]+)[\s.,，、]*$")
_LETTERS = re.compile(r"[^\W\d_]+")
_ALSO_INITIALS = re.compile(r"\(([^()]*)\)")  # Wei (W.) Zhang


class TypedName(NamedTuple):
    """A name as a person typed it."""

    tokens: tuple[str, ...]  # all parts, sorted
    given: tuple[str, ...]  # the given names, in their order, if a paper may write them as initials; otherwise ()
    words: tuple[str, ...]  # the words of its canonical text; equal for equal names


class _Name(NamedTuple):
    """A name by its parts. Given and family names may have several."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    typed: tuple[str, ...]  # the parts of the family name as typed, without accents

    @property
    def shortened(self) -> tuple[str, ...]:
        """The given names if a paper may write them as initials; otherwise ()."""
        return given_names(self.given, self.family, self.typed)


def read_name(typed: str) -> TypedName:
    """Return the parts of a typed name, which has at least one."""
    name = _split(typed)
    shortened = name.shortened
    if asked := _with_initials(typed):
        name, shortened = asked, asked.given
    tokens = tuple(sorted((*name.given, *name.family)))
    if shortened:
        words = (*shortened, "-".join(name.family))
        if _split(" ".join(words)).shortened != shortened:
            words = (*shortened, f"({' '.join(part[0] for part in shortened)})", words[-1])
        return TypedName(tokens, shortened, words)
    return TypedName(tokens, (), _in_full(tokens))


def _in_full(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of a name in an order that takes none for the family name beside which initials are enough."""
    if not _split(" ".join(tokens)).shortened:
        return tokens
    at = next((at for at, part in enumerate(tokens) if not _may_be_beside_initials(part)), 0)
    return (*tokens[:at], *tokens[at + 1 :], tokens[at])


def _may_be_beside_initials(family: str) -> bool:
    return _is_full(family) and family not in SUFFIXES and family not in COMMON_FAMILY_NAMES


def also_initials(typed: str) -> tuple[str, str]:
    """Return ("W. Zhang", "Wei (W.) Zhang") for "Wei Zhang": the initials, and the name that also asks for them.

    ("", "") if a paper may write them anyway, or the name has no initials.
    """
    before, comma, after = typed.partition(",")
    *given, family = (after, before) if comma else before.rsplit(maxsplit=1)
    letters = " ".join(f"{part[0].upper()}." for part in author_tokens("".join(given)))
    family = family.title() if family.islower() else family
    wider = f"{''.join(given)} ({letters}) {family}".strip()
    if not letters or read_name(typed).given or not read_name(wider).given:
        return "", ""
    return f"{letters} {family}", wider


def given_names(given: Sequence[str], family: Sequence[str], typed: Sequence[str]) -> tuple[str, ...]:
    """Return the given names if a paper may write them as initials, otherwise (). `typed`: the family name as typed."""
    return tuple(given) if not COMMON_FAMILY_NAMES.issuperset(typed) and _has_full_names(given, family) else ()


def _has_full_names(given: Sequence[str], family: Sequence[str]) -> bool:
    """Return whether a name has a family name and a given name, in Latin letters, that are no initials."""
    is_family = bool(family) and all(_is_full(part) and part not in SUFFIXES for part in family)
    return is_family and any(map(_is_full, given))


def _with_initials(typed: str) -> _Name | None:
    """Return a name that says itself that its initials are enough: Wei (W.) Zhang. None for another name."""
    found = _ALSO_INITIALS.search(typed)
    if not found:
        return None
    name = _split(f"{typed[: found.start()]} {typed[found.end() :]}")
    letters = author_tokens(found[1])
    if not _has_full_names(name.given, name.family) or letters != [part[0] for part in name.given]:
        return None
    return name


def _split(typed: str) -> _Name:
    parts = tuple(author_tokens(typed))
    if comma := _COMMA.search(typed):
        before, after = typed[: comma.start()], typed[comma.end() :]
        family, given = tuple(author_tokens(before)), tuple(author_tokens(after))
        if family and given and family + given == parts:
            return _Name(given, family, _plain(before))
    last = _LAST_WORD.search(typed)
    word = last[1] if last else ""
    family = tuple(author_tokens(word)) or parts
    if len(family) == len(parts) or parts[-len(family) :] != family:  # jane-doe is Jane Doe
        return _Name(parts[:-1], parts[-1:], _plain(typed)[-1:])
    return _Name(parts[: len(parts) - len(family)], family, _plain(word))


def _plain(words: str) -> tuple[str, ...]:
    return tuple(_LETTERS.findall(fold_apostrophes(fold_letters(words), name=True)))


def _is_full(part: str) -> bool:
    return len(part) > 1 and part.isalpha() and is_latin(part[0])
