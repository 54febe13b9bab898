"""What does a sentence claim that can be compared? Its numbers, dates, names, and whether it denies.

Every function reads Arabic and English alike and returns folded, comparable values: `٢٣ مارس`, `23 March` and `23/03`
are the same day, `ثمانية`, `eight` and `8` the same number. What is read into a claim is read narrowly, what is read
into evidence generously (all that it may mean): so a doubt never turns a true sentence into a false one's support.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.dates import MONTHS
from index.normalise import fold, language_of

_NUMERAL = re.compile(r"(?<![\w.,٬٫])\d+(?:[.,٬٫]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:[.,٬]\d{3})+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PLAIN_WORD = re.compile(r"[^\W_]+")
_PREFIX = re.compile(r"^[وف]?(?:[بكل]?ال|لل|[بكل])?(?=\w{3})")

_UNITS: dict[int, str] = {
    1: "one first واحد واحده احد احدي حادي حاديه",
    2: "two twice اثنان اثنين اثنتان اثنتين",
    3: "three third thirds thrice ثلاثه ثلاث ثالث ثالثه ثلث ثلثا ثلثي ثلثين ثلثان",
    4: "four fourth quarter quarters اربعه اربع رابع رابعه ربع",
    5: "five fifth خمسه خمس خامس خامسه",
    6: "six sixth سته ست سادس سادسه",
    7: "seven seventh سبعه سبع سابع سابعه",
    8: "eight eighth ثمانيه ثماني ثمان ثامن ثامنه",
    9: "nine ninth تسعه تسع تاسع تاسعه",
    10: "ten tenth عشره عشر عاشر عاشره",
}
_TEENS: dict[int, str] = {
    11: "eleven eleventh",
    12: "twelve twelfth dozen",
    13: "thirteen thirteenth",
    14: "fourteen fourteenth",
    15: "fifteen fifteenth",
    16: "sixteen sixteenth",
    17: "seventeen seventeenth",
    18: "eighteen eighteenth",
    19: "nineteen nineteenth",
}
_TENS: dict[int, str] = {
    20: "twenty twentieth عشرون عشرين",
    30: "thirty thirtieth ثلاثون ثلاثين",
    40: "forty fortieth اربعون اربعين",
    50: "fifty fiftieth خمسون خمسين",
    60: "sixty sixtieth ستون ستين",
    70: "seventy seventieth سبعون سبعين",
    80: "eighty eightieth ثمانون ثمانين",
    90: "ninety ninetieth تسعون تسعين",
}
_HUNDREDS: dict[int, str] = {
    200: "مئتان مئتين مائتان مائتين مئتا مئتي مائتا مائتي",
    300: "ثلاثمائه ثلاثمئه",
    400: "اربعمائه اربعمئه",
    500: "خمسمائه خمسمئه",
    600: "ستمائه ستمئه",
    700: "سبعمائه سبعمئه",
    800: "ثمانمائه ثمانمئه",
    900: "تسعمائه تسعمئه",
    2_000: "الفان الفين الفا الفي",
    2_000_000: "مليونان مليونين",
}
_SCALES: dict[int, str] = {
    100: "hundred hundreds مائه مئه مئات",
    1_000: "thousand thousands الف الاف",
    1_000_000: "million millions مليون ملايين مليونا",
    1_000_000_000: "billion billions مليار مليارات بليون",
}


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {fold(word): value for value, words in table.items() for word in words.split()}


_SMALL = _by_word(_UNITS | _TEENS | _TENS | _HUNDREDS)
_SCALE = _by_word(_SCALES)
_PERCENT = re.compile(rf"(?:في|ب) ?(?:ال)?(?:{fold('مائة')}|{fold('مئة')})(?!\w)")  # a sign, not a hundred
_MONDAY = re.compile(r"(?<!\w)[وبل]?الاثنين(?!\w)")
_ARABIC_TWELVE = re.compile(r"(?<!\w)(?:اثنا|اثني|اثنتا|اثنتي) عشره?(?!\w)")

_WEEKDAYS = _by_word(
    {
        1: "monday الاثنين الإثنين",
        2: "tuesday الثلاثاء",
        3: "wednesday الأربعاء",
        4: "thursday الخميس",
        5: "friday الجمعة",
        6: "saturday السبت",
        7: "sunday الأحد",
    }
)
_MONTH = "|".join(sorted((re.escape(name).replace(r"\ ", " +") for name in MONTHS), key=len, reverse=True))
_NAMED_MONTH = re.compile(rf"(?<![^\W_])[وبل]?(?P<month>{_MONTH})(?![^\W_])")
_BESIDE_NUMBER = re.compile(
    rf"\d(?:st|nd|rd|th)?(?: of)? *(?P<after>{_MONTH})(?![^\W_])|(?<![^\W_])(?P<before>{_MONTH}),? *\d"
)
_SLASHED = re.compile(r"(?<!\d)(?P<day>\d{1,2})[/-](?P<month>\d{1,2})(?:[/-]\d{2,4})?(?!\d)")
_ISO = re.compile(r"(?<!\d)\d{4}-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)")
_DUAL = re.compile(r"\w{3,}(?:ان|ين)\b")


def numbers(text: str) -> frozenset[str]:
    """Return the numbers and days of a claim, as comparable values.

    `1,000`, `١٬٠٠٠` and `1000` are one; `5 million` is `5000000`; a number in words counts where it stands alone, but
    "one" never does. A month counts where a day or year stands beside it (`m3`), a day of the week always (`d4`).
    """
    folded = fold(text)
    days = {f"m{_month(found)}" for found in _BESIDE_NUMBER.finditer(folded)}
    rest = folded
    for form in (_ISO, _SLASHED):
        for found in form.finditer(rest):
            if 1 <= int(found["day"]) <= 31 and 1 <= int(found["month"]) <= 12:
                days |= {f"m{int(found['month'])}", str(int(found["day"]))}
                year = re.search(r"\d{4}", found.group())
                days |= {year.group()} if year else set()
                rest = rest[: found.start()] + " " * len(found.group()) + rest[found.end() :]
    weekdays = {f"d{_WEEKDAYS[word]}" for word in _WORD.findall(folded) if word in _WEEKDAYS and word.isascii()}
    return frozenset(days | weekdays | set(_values(rest)))


def possible_numbers(text: str) -> frozenset[str]:
    """Return every number and day that evidence may mean: what `numbers` finds, and other readings of the same.

    Among them: both orders of day and month, a month without a number, `two` for an Arabic dual, each part of `5
    million`.
    """
    folded = fold(text)
    found = set(numbers(text)) | set(_values(folded, parts=True))
    found |= {f"m{MONTHS[re.sub(' +', ' ', match['month'])]}" for match in _NAMED_MONTH.finditer(folded)}
    found |= {f"d{_WEEKDAYS[word]}" for word in _WORD.findall(folded) if word in _WEEKDAYS}
    for match in _SLASHED.finditer(folded):
        found |= {f"m{int(part)}" for part in match.groups() if 1 <= int(part) <= 12}
    if _DUAL.search(folded):
        found.add("2")
    return frozenset(found)


def _month(found: re.Match[str]) -> int:
    return MONTHS[re.sub(" +", " ", found["after"] or found["before"])]


def _values(folded: str, *, parts: bool = False) -> Iterator[str]:
    """Yield the numbers in folded text, each number and the scale word behind it together; also apart with `parts`."""
    plain = re.sub(r"(?<=[^\W\d_])['’-](?=\w)", " ", _ARABIC_TWELVE.sub("12", _PERCENT.sub(" ", folded)))
    plain = _MONDAY.sub(" ", plain)
    tokens = re.findall(r"\d+(?:[.,٬٫]\d+)*|[^\W\d_]+", plain)
    running: float | None = None
    spelled = False
    for token in [*tokens, ""]:
        word = _PREFIX.sub("", token) if token and not token[0].isdigit() else token
        value = _small(token, word)
        scale = _SCALE.get(token, _SCALE.get(word)) if token and not token[0].isdigit() else None
        if running is not None and spelled and value is not None and not token[0].isdigit() and _adds(running, value):
            running += value  # twenty-five, خمسه وعشرون
            if parts:
                yield _shown(value)
            continue
        if scale is not None:
            if parts:
                yield _shown(float(scale))
            running = (running or 1) * scale
            spelled = True
            continue
        if word in {"and", "و"} and spelled and running is not None:
            continue
        if running is not None and not (spelled and running == 1):  # "one of them" and "احد" count nothing
            yield _shown(running)
        running, spelled = value, value is not None and not token[:1].isdigit()
        if parts and value is not None:
            yield _shown(value)


def _small(token: str, word: str) -> float | None:
    if token[:1].isdigit():
        return _read(token)
    value = _SMALL.get(token, _SMALL.get(word))
    return None if value is None else float(value)


def _adds(running: float, value: float) -> bool:
    """Return whether a number word goes on the number before it: ones and tens, tens and hundreds."""
    low, high = min(running, value), max(running, value)
    return (low < 10 and high % 10 == 0 and high < 100) or (low < high and high % 100 == 0 and low < 100)


def _read(numeral: str) -> float | None:
    plain = numeral.replace("٬", ",").replace("٫", ".")
    if _GROUPED.fullmatch(plain):
        return float(re.sub(r"\D", "", plain))
    if re.fullmatch(r"\d+[.,]\d+", plain):
        return float(plain.replace(",", "."))
    return float(plain) if plain.isdigit() else None


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


# Words that deny. Arabic ones that also mean "still" or "must" with the word behind them are taken out before.
_DENIALS = frozenset(
    fold(word)
    for word in (
        "not no never none nobody nothing neither nor without cannot isn't aren't wasn't weren't don't "
        "doesn't didn't won't wouldn't can't couldn't hasn't haven't hadn't shouldn't لا لم لن ليس ليست ليسوا "
        "لسنا بدون دون بلا"
    ).split()
)
_NO_DENIAL = re.compile(
    r"\b(?:لا|لم|ما) (?:ي|ت|ا|ن)?ز(?:ا)?ل\w*|\bلا (?:سيما|بد|شك)\b|\bno (?:doubt|longer)\b|\bnot only\b|\bnumber no\b"
)
_ONLY = re.compile(r"\b(?:الا|سوي|only|except|but)\b")


def denies(text: str) -> bool | None:
    """Return whether a sentence denies something; None where denial and exception stand together (`لم ... إلا`)."""
    folded = _NO_DENIAL.sub(" ", fold(text).replace("’", "'"))
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", folded)
    if not any(word in _DENIALS or word.removeprefix("و").removeprefix("ف") in _DENIALS for word in words):
        return False
    return None if _ONLY.search(folded) else True


# Capitalised because a sentence, a month, a title or a language begins there, not because it names somebody.
_NOT_NAMES = frozenset(
    (
        "i a an the this that these those it he she they we you his her its their our my your in on at by for "
        "from to of with without and or but as if when while where who whom which what why how there here "
        "then thus also after before during since until about according however although because both each "
        "many most more some several such other others all no not one two three four five six seven eight "
        "nine ten first second third mr mrs ms dr sir president prime minister king queen prince general "
        "secretary director head police government parliament army ministry court january february march "
        "april may june july august september october november december monday tuesday wednesday thursday "
        "friday saturday sunday yes only even only today yesterday tomorrow under over into between among "
        "another any every despite often traditionally usually recently originally "
        "people person man woman city state country war world north south east west "
        "northern southern eastern western is was are were be been has have had do does did will would can "
        "could"
    ).split()
)
_NAME = re.compile(r"[A-Z][\w’'.&-]*[\w]|[A-Z]{2,}")


def names(text: str) -> tuple[str, ...]:
    """Return the words of an English claim that name somebody or something: those with a capital letter."""
    found = []
    for match in _NAME.finditer(text):
        word = re.sub(r"['’]s$", "", match.group())
        found += [part for part in word.split("-") if part[:1].isupper() and part.casefold() not in _NOT_NAMES]
    return tuple(dict.fromkeys(found))


# The consonants that a name keeps when it is written in the other script. What has no steady counterpart is left out:
# vowels, h and its Arabic relatives, the hamza and ain.
_ARABIC_SOUND = str.maketrans(
    {
        **dict.fromkeys("ب", "b"), **dict.fromkeys("تط", "t"), **dict.fromkeys("ث", "s"), **dict.fromkeys("جغ", "g"),
        **dict.fromkeys("خكق", "k"), **dict.fromkeys("دض", "d"), **dict.fromkeys("ذزسصظش", "s"), "ر": "r", "ف": "f",
        "ل": "l", "م": "m", "ن": "n", "پ": "b", "چ": "g", "ڤ": "f", "گ": "g",
        **dict.fromkeys("اوياهحعءئؤةىآأإ", ""),
    }
)  # fmt: skip
_LATIN_SOUND = str.maketrans(
    {
        **dict.fromkeys("bp", "b"), **dict.fromkeys("t", "t"), **dict.fromkeys("gj", "g"), **dict.fromkeys("kq", "k"),
        "d": "d", **dict.fromkeys("sz", "s"), "r": "r", **dict.fromkeys("fv", "f"), "l": "l", "m": "m", "n": "n",
        "x": "ks", **dict.fromkeys("aeiouywh", ""),
    }
)  # fmt: skip


_LATIN_PAIRS = (
    ("tch", "s"),
    ("sch", "s"),
    ("ch", "s"),
    ("sh", "s"),
    ("th", "t"),
    ("ph", "f"),
    ("gh", "g"),
    ("ck", "k"),
)


def sound(name: str) -> str:
    """Return the consonants by which a name is known in either script: `Theresa` and `تيريزا` are both `trs`."""
    word = fold(name)
    if language_of(word) == "ar":
        return _single(word.replace("تش", "ش").translate(_ARABIC_SOUND))
    word = re.sub(r"[^a-z]", "", word)
    for spelled, meant in (
        ("tch", "s"),
        ("sch", "s"),
        ("ch", "s"),
        ("sh", "s"),
        ("th", "t"),
        ("ph", "f"),
        ("gh", "g"),
        ("ck", "k"),
    ):
        word = word.replace(spelled, meant)
    word = re.sub(r"c(?=[eiy])", "s", word).replace("c", "k")
    return _single(word.translate(_LATIN_SOUND))


def _single(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


_ARABIC_PREFIX = re.compile(r"^[وف]?(?:[بكل]?ال|لل|[بكلس])?(?=\w{3})")
_SLIP = 3  # consonants that a name needs before one of them may differ


def words_and_pairs(text: str) -> list[str]:
    """Return the words of a text without what Arabic writes before them, and each two that stand side by side."""
    words = _WORD.findall(text)
    return [
        *(_ARABIC_PREFIX.sub("", word) for word in words),
        *(" ".join(words[i : i + 2]) for i in range(len(words) - 1)),
    ]


def named_in(name: str, text: str) -> bool:
    """Return whether a text holds a name, in the name's own script or, by its consonants, in the other."""
    folded = " ".join(_PLAIN_WORD.findall(fold(name)))
    same_script = language_of(name) == language_of(text)
    wanted = sound(name)
    if same_script and f" {folded} " in f" {' '.join(_PLAIN_WORD.findall(fold(text)))} ":
        return True
    for word in _PLAIN_WORD.findall(text):
        for variant in {fold(word), _ARABIC_PREFIX.sub("", fold(word))}:
            if variant == folded or (same_script and _related(variant, folded)):
                return True
            if not same_script and wanted and _sounds_like(wanted, sound(variant)):
                return True
    return False


def _related(one: str, other: str) -> bool:
    """Return whether two words of one script begin alike: `Greek` and `Greece`, `مصر` and `مصريه`."""
    common = min(len(one), len(other))
    return common >= 4 and one[: common - 1] == other[: common - 1]


def _sounds_like(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < _SLIP or abs(len(one) - len(other)) > 1:
        return False
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    for i in range(len(longer)):
        without = longer[:i] + longer[i + 1 :]
        if without == shorter or (len(one) == len(other) and without == shorter[:i] + shorter[i + 1 :]):
            return True
    return False


def to_find(text: str, evidence: str) -> tuple[tuple[str, ...], str]:
    """Return what must be found, and in which text, so that a sentence names nothing that its evidence does not.

    English shows its names by capital letters. Arabic does not: an Arabic sentence on Arabic evidence must find every
    word of weight again; one on English evidence must have kept the names that are there.
    """
    if language_of(text) == "en":
        return names(text), evidence
    if language_of(evidence) == "en":
        return names(evidence), text
    return tuple(word for word in _WORD.findall(text) if _weighs(word)), evidence


def stems(text: str) -> frozenset[str]:
    """Return the words of weight in a text, without what is written before them and without their ends."""
    return frozenset(_stem(word) for word in _WORD.findall(text) if _weighs(word))


def denied(text: str) -> frozenset[str]:
    """Return the stems of the words that a text denies: the first word of weight behind each denial."""
    words = _WORD.findall(_NO_DENIAL.sub(" ", fold(text)))
    found = set()
    for i, word in enumerate(words):
        if word in _DENIALS:
            found |= {_stem(next_) for next_ in [w for w in words[i + 1 :] if _weighs(w)][:1]}
    return frozenset(found)


_LIGHT = frozenset(
    fold(word)
    for word in (
        "من ما ماذا الى إلى على عن في مع أن إن أنه أنها كان كانت يكون تكون هذا هذه ذلك تلك التي الذي الذين هو "
        "هي هم قد لقد كما بعد قبل عند حول بين خلال منذ حتى ثم أو أم لكن بل كل بعض غير أي تم كذلك أيضا وفق "
        "وفقا حسب نحو ضد لدى عبر حيث حين قال قالت أعلن أعلنت أكد أكدت أوضح أضاف ذكر ذكرت أفاد أفادت أشار إثر "
        "بسبب نتيجة عدد مثل إذ إذا لأن لا لم لن ليس ليست the and for with from that this these those was were "
        "are been has have had not its his her their they which who into after before during said says also "
        "but than then there"
    ).split()
)


def _weighs(word: str) -> bool:
    bare = _ARABIC_PREFIX.sub("", fold(word))
    return len(bare) > 2 and bare not in _LIGHT and fold(word) not in _LIGHT


def _stem(word: str) -> str:
    return _ARABIC_PREFIX.sub("", fold(word))[:4]
