"""Whether a report can be read at all: a small honest detector, from scripts and the commonest words."""

import re
import unicodedata
from collections import Counter

from services.classifier.domain.reading import Reading

GLANCE = 200
LOOKED_AT = 4000
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SCRIPTS = {
    "ARABIC": "script:arabic",
    "CYRILLIC": "script:cyrillic",
    "GREEK": "language:el",
    "HEBREW": "script:hebrew",
    "DEVANAGARI": "script:devanagari",
    "BENGALI": "language:bn",
    "GURMUKHI": "language:pa",
    "GUJARATI": "language:gu",
    "TAMIL": "language:ta",
    "TELUGU": "language:te",
    "SINHALA": "language:si",
    "THAI": "language:th",
    "CJK": "language:zh",
    "HIRAGANA": "language:ja",
    "KATAKANA": "language:ja",
    "HANGUL": "language:ko",
    "ETHIOPIC": "script:ethiopic",
    "ARMENIAN": "language:hy",
    "GEORGIAN": "language:ka",
    "MALAYALAM": "language:ml",
    "KANNADA": "language:kn",
}
_COMMON = {
    "en": (
        "the and is are was to of in it he she they my me we us i im you for on at with this that has have "
        "had his her him not no from up out be been as an a our their there then when who what if so but by "
        "or get got just all now u ur do did dont its cant wi wee nae aye wor owt nowt please police hello "
        "help thanks where how any can your about after am again one two going every"
    ),
    "cy": (
        "mae yn y yr ac ar wedi fy ei nhw dw i ddim rwy hi ni eu o gan sydd bod oedd wnaeth bob dydd am gyda mewn mai"
    ),
    "pl": ("nie się na to jest że i do z mnie moj mój jak ale od po mi są był była oni ona który przez czy za mam już"),
    "ro": "și si nu este în pe cu la care mi-a ma mă am din un o pentru că sunt a fost meu mea imi îmi el ea ne",
    "fr": (
        "le la les des et est je il elle ne pas que qui dans mon ma me une un sur pour avec nous vous ils mes au du ce "
        "a on se dit tous jours qu'il c'est j'ai mais chez"
    ),
    "es": "el la los las de y es que no en mi me a un una por con para se su lo al como pero está muy todos del yo va",
    "pt": ("o a os as de e é que não em meu minha me um uma por com para se ele ela do da no na mais muito está todos"),
    "it": "il la di e è che non in mio mia mi un una per con si lui lei sono del della ha ho da ogni come anche",
    "de": ("der die das und ist ich er sie nicht mein meine mir mich ein eine in zu mit auf von wir hat es dass auch"),
    "tr": "ve bir bu ben o da de için çok benim beni ne gibi var yok her gün ama ile bana kadar onu kapıyı",
    "so": "waa iyo in aan ka ku la oo ayaa u uu ay si maalin waxa guriga igu iga wuxuu",
    "lt": "ir yra aš jis ji ne kad į su mano man mane kaip iš bet per labai tai buvo apie kaimynas",
    "hu": "a az és hogy nem van egy én ő is meg de nekem engem minden nap volt mert ez már ki fel",
    "sq": "dhe të në për një që është nuk më me nga ai ajo si kam ka por im time çdo ditë",
    "nl": "de het een en is ik hij zij niet mijn mij dat van op te met voor die wij ze elke dag naar maar",
    "ur": "hai mein aur ka ki ke ko nahi mujhe mera meri woh se ne kar raha rahi hain ho tha thi bhi roz mai",
    "cs": "je na se že sa si som sú sem jsem jsou není nie ako jak ale pre pro aby keď když už len jen mě mňa môj můj",
    "lv": "un ir es viņš viņa mēs ka no uz ar par kā bet lai tas man mani mana mans katru dienu nav jau pie vai kas",
    "sw": "na ya wa ni kwa la za cha katika mimi yeye yangu wangu kila siku sana hapa lakini kama sasa tena huyu nina",
    "tl": "ang ng sa na ako siya niya nila ko mo mga at ay hindi po araw namin kami lang yung kung may wala pa ito",
}
_STOP = {code: frozenset(words.split()) for code, words in _COMMON.items()}
_ENGLISH_ALONE = _STOP["en"].difference(*(words for code, words in _STOP.items() if code != "en"))
_ENGLISH_TOO = _STOP["en"] | frozenset(
    {"al", "ben", "bob", "come", "des", "die", "hat", "mam", "man", "may", "met", "mon", "per", "van"}
)


def unread(reading: Reading) -> str | None:
    """`illegible`, `language:xx`, `script:xx`, or None where English can be read. `language:und` where unnamed.

    Never a guess: a script that several languages share is named for itself. Of a call, what the operator says does not
    count where anybody else says a word.
    """
    told = reading.told
    if not _WORD.search(told):
        told = reading.text
    words = _WORD.findall(told[:GLANCE])
    if words and sum(word in _ENGLISH_ALONE for word in words) * 7 >= len(words):
        return None
    text = told[:LOOKED_AT]
    words = _WORD.findall(text)
    if not words:
        return "illegible"
    if not text.isascii() and (script := _script(text)):
        return script
    return _by_words(Counter(words))


def _script(text: str) -> str | None:
    letters = [char for char in text if char.isalpha()]
    foreign = Counter(
        _SCRIPTS.get(unicodedata.name(char, "").split(" ")[0], "") for char in letters if ord(char) > 0x36F
    )
    foreign.pop("", None)
    if not foreign or sum(foreign.values()) * 2 < len(letters):
        return None
    return min(foreign, key=lambda note: (-foreign[note], note))


def _by_words(words: Counter[str]) -> str | None:
    """One word of another language, or those that English has too, make no language of few words."""
    total = words.total()
    shares = {code: sum(words[word] for word in stop) for code, stop in _STOP.items()}
    best = min(shares, key=lambda code: (-shares[code], code))
    its_own = _STOP[best] & (words.keys() - _ENGLISH_TOO)
    english = sum(words[word] for word in _STOP["en"] - _STOP[best])
    if total >= 6 and len(its_own) >= 2 and shares[best] >= 0.15 * total and shares[best] > 2 * english:
        return f"language:{best}"
    if total >= 6 and shares["en"] * 20 <= total <= 5 * sum(n for word, n in words.items() if not word.isascii()):
        return "language:und"
    return "illegible" if total >= 4 and not shares[best] and _scrambled(words) else None


def _scrambled(words: Counter[str]) -> bool:
    """Keys struck at random: most words have no vowel, or more than five consonants on end."""
    odd = sum(1 for word in words if not re.search(r"[aeiouy]", word) or re.search(r"[^aeiouy']{6}", word))
    return odd * 2 > len(words)
