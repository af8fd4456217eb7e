"""Recognises sentences in languages other than English and Chinese: by which words and how surely; what is said then. Pure.

A topic may be in any language, so a text counts as a sentence only if it has a word with which people of its language
ask for something, or is a question with letters that English lacks. Only then is the library asked in which language it
is; it is loaded at the first need.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from subscriptions.texts.languages import recognised

OTHER_LANGUAGE = "other-language"  # the intent of such a sentence
_LEAST = 0.5  # how sure the library must be of a language that the sentence has a word of
_ALONE = 0.9  # and of one that only the question mark speaks for, or nothing
_SEVERAL = 3  # words of a sentence
_MANY = 4  # words of a question that has no such word
_LETTERS = 6  # of a sentence in a script without blanks
_UNSPACED = ("ja", "ko")
_UNDERSTOOD = ("en", "zh", "yue", "wuu")


class Language(NamedTuple):
    """A language in which the bot can say what it understands."""

    says: str
    asks: re.Pattern[str]  # words of people who ask for something, in lower case; English has none of them


def _words(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(words.split())})(?![^\W_])")


_LANGUAGES: Mapping[str, Language] = {
    "ar": Language(
        "أفهم الإنجليزية والصينية، وأجد المواضيع بأي لغة.",
        _words("هل من.فضلك أريد اريد أرسل ارسل أرسلي لي أعطني اعطني هناك أوراق أوراقا مقالات أبحاث شكرا شكرًا أحتاج ماذا كيف"),
    ),
    "de": Language(
        "Ich verstehe Englisch und Chinesisch; Themen finde ich in jeder Sprache.",
        _words("ich du mir mich uns bitte kannst könntest können gibt hast habt möchte brauche suche schick schicke schicken sende zeig zeige danke welche abo abos abonnement informiere benachrichtige halte"),
    ),
    "es": Language(
        "Entiendo inglés y chino; los temas los encuentro en cualquier idioma.",
        _words("quiero quisiera puedes podrías hay tienes tienen envíame enviame mándame mandame muéstrame muestrame busco necesito dame artículos articulos favor gracias qué cuáles interesa interesan avísame avisame gustaría puedo suscripción suscribirme"),
    ),
    "fr": Language(
        "Je comprends l'anglais et le chinois ; je trouve les sujets dans toutes les langues.",
        _words("je j'ai j'aimerais peux pouvez pourrais pourriez envoie envoyez envoyer montre cherche veux voudrais merci plaît plait moi quels quelles quoi nouveautés est-ce y.a-t-il il.y.a préviens prévenez abonnement désabonner m'abonner m'envoyer"),
    ),
    "hi": Language(
        "मैं अंग्रेज़ी और चीनी समझता हूँ; विषय किसी भी भाषा में खोज सकता हूँ।",
        re.compile(r"मुझे|कृपया|क्या|भेज|दिखा|चाहिए|चाहता|चाहती|बताएं|बताइए|बताओ|धन्यवाद|हैं"),
    ),
    "id": Language(
        "Saya mengerti bahasa Inggris dan Mandarin; topik bisa saya temukan dalam bahasa apa pun.",
        _words("saya aku tolong apakah bisa bisakah kirim kirimkan cari carikan tampilkan ada mau ingin terima bagaimana kabari berlangganan"),
    ),
    "it": Language(
        "Capisco l'inglese e il cinese; gli argomenti li trovo in qualsiasi lingua.",
        _words("voglio vorrei puoi potresti potete mandami inviami mostrami cerco trova c'è ci.sono hai mi grazie articoli interessa interessano quali cosa dammi avvisami posso iscrizione abbonamento"),
    ),
    "ja": Language(
        "英語と中国語がわかります。トピックはどの言語でも探せます。",
        re.compile(r"ください|下さい|ますか|ませんか|です|ました|ます(?:$|[。、!?！？])|教えて|知らせて|通知して|送って|見せて|探して|ほしい|欲しい|たい(?:$|[。!?！？])|ません|て(?:$|[。!！?？])|お願い|ありがとう|ある[?？]"),
    ),
    "ko": Language(
        "영어와 중국어를 이해합니다. 주제는 어떤 언어로든 찾을 수 있습니다.",
        re.compile(r"주세요|줘|주실|나요|까요|습니까|습니다|있어|싶어|보내|알려|찾아|보여|부탁|감사|고마|[가-힣]요(?:$|[\s.!?？])"),
    ),
    "nl": Language(
        "Ik begrijp Engels en Chinees; onderwerpen vind ik in elke taal.",
        _words("ik mij stuur kun kunt kan zijn.er heb wil graag zoek geef alsjeblieft alstublieft bedankt artikelen wat dank mijn abonnement hoe hou houd"),
    ),
    "pl": Language(
        "Rozumiem angielski i chiński; tematy znajduję w każdym języku.",
        _words("mi mnie czy proszę prosze chcę chce chciałbym chciałabym możesz mozesz wyślij wyslij wysyłaj przyślij pokaż pokaz szukam są artykuły artykułów dzięki dziękuję jakie mogę jak subskrypcję powiadom"),
    ),
    "pt": Language(
        "Entendo inglês e chinês; os temas eu encontro em qualquer idioma.",
        _words("quero queria gostaria pode poderia podes você tem há existe manda mande envie envia mostre mostra procuro preciso artigo artigos obrigado obrigada quais favor avise avisa assinatura posso"),
    ),
    "ru": Language(
        "Я понимаю английский и китайский; темы нахожу на любом языке.",
        _words("я мне меня ты вы есть ли можешь можете можно пришли пришлите присылай присылайте отправь отправляй покажи покажите найди найдите хочу нужны нужно ищу статьи статей пожалуйста спасибо что какие как подписку подписка сообщи сообщай уведоми"),
    ),
    "tr": Language(
        "İngilizce ve Çince anlıyorum; konuları her dilde bulurum.",
        _words("bana ben lütfen var mı mi misin mısın musun gönder gönderir gönderin göster bul istiyorum arıyorum makale makaleler teşekkürler teşekkür neler haber.ver nasıl aboneliğimi abonelik"),
    ),
    "uk": Language(
        "Я розумію англійську та китайську; теми знаходжу будь-якою мовою.",
        _words("я мені мене ти ви є чи можеш можете можна надішли надсилай надсилайте відправ покажи покажіть знайди знайдіть хочу потрібні потрібно шукаю статті статей ласка дякую що які"),
    ),
    "vi": Language(
        "Tôi hiểu tiếng Anh và tiếng Trung; chủ đề thì tôi tìm được bằng mọi ngôn ngữ.",
        _words("tôi mình cho gửi tìm muốn cần hãy giúp không có bài ơn nào gì làm.sao đăng.ký"),
    ),
}  # fmt: skip


@lru_cache(maxsize=256)
def other_language(text: str) -> str | None:
    """Returns the code of the language of a sentence that is neither English nor Chinese; None for any other text."""
    # names in capitals, such as TEM, ask for nothing
    plain = " ".join(text.replace("’", "'").split())
    spoken = {code for code, one in _LANGUAGES.items() if one.asks.search(_without_capitals(plain))}
    is_name, plain = plain.istitle(), plain.casefold()
    is_question = not plain.isascii() and plain.endswith(("?", "؟"))
    words = len(plain.split())
    is_long = words >= _SEVERAL or (len(plain) >= _LETTERS and not spoken.isdisjoint(_UNSPACED))
    if not is_long or is_name or not (spoken or is_question):
        return None
    code, sure = recognised(plain)
    if code in _UNDERSTOOD:
        return None
    if code in spoken:
        return code if sure >= _LEAST else None
    if is_question and words >= _MANY and sure >= _ALONE:
        return code
    return None


def is_in_another(text: str) -> bool:
    """Returns whether a text, also one that asks for nothing, is surely in a language other than English and Chinese."""
    plain = " ".join(text.casefold().split())
    if plain.count(" ") + 1 < _SEVERAL:
        return False
    code, sure = recognised(plain)
    return code not in _UNDERSTOOD and sure >= _ALONE


def _without_capitals(text: str) -> str:
    """Returns a text in lower case, without its words in capitals if it has others."""
    rest = " ".join(word for word in text.split() if not (word.isupper() and word[1:]))
    return (rest or text).casefold()


def understands(code: str) -> str:
    """Returns, in a language, that the bot understands English and Chinese; "" if it cannot say so in that language."""
    if code in _LANGUAGES:
        return _LANGUAGES[code].says
    return ""
