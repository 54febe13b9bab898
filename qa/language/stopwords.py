"""Words that are left out of a comparison: one table for each purpose, folded (`index.text.normalize.fold`).

The tables share their function words. They are not one table, because what may be left out differs: a question word
says nothing about the subject of a question, but a claim that holds it (`when`, `many`) must be compared whole.
"""

from __future__ import annotations

from index.text.normalize import fold
from qa.language.words import words


def _folded(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


# In every table.
_ENGLISH_FUNCTION_WORDS = _folded(
    "and are been for from had has have her his its that the their there they this was were which who with"
)
_ARABIC_FUNCTION_WORDS = _folded("من ما ماذا إلى على عن في مع هو هي هم هذا هذه ذلك تلك التي الذي كان كانت تم أي عدد")
# In a question and at the beginning of an English sentence, but not in a claim.
_ENGLISH_QUESTION_WORDS = _folded(
    "a an as at be by can could did do does he how in is it many of on or she to what when where whom why will would"
)
# In a claim and at the beginning of an English sentence, but not in a question.
_ENGLISH_CONNECTIVES = _folded("after also before but during into not then these those")

# Words of a question that say nothing about its subject: what is left decides whether it can be understood alone.
QUESTION_STOPWORDS = (
    _ENGLISH_FUNCTION_WORDS
    | _ENGLISH_QUESTION_WORDS
    | _folded("much whose")
    | _ARABIC_FUNCTION_WORDS
    | _folded("متى أين كيف كم هل لماذا")
)

# Words of a claim that need not be found again in its evidence: function words and verbs of saying.
CLAIM_STOPWORDS = (
    _ENGLISH_FUNCTION_WORDS
    | _ENGLISH_CONNECTIVES
    | _folded("said says than")
    | _ARABIC_FUNCTION_WORDS
    | _folded(
        "أن إن أنه أنها يكون تكون الذين قد لقد كما بعد قبل عند حول بين خلال منذ حتى ثم أو أم لكن بل كل بعض غير كذلك "
        "أيضا وفق وفقا حسب نحو ضد لدى عبر حيث حين قال قالت أعلن أعلنت أكد أكدت أوضح أضاف ذكر ذكرت أفاد أفادت أشار "
        "إثر بسبب نتيجة مثل إذ إذا لأن لا لم لن ليس ليست"
    )
)

# English words with a capital letter that name nobody: they begin a sentence, or are a title, a month, a day.
CAPITALIZED_STOPWORDS = (
    _ENGLISH_FUNCTION_WORDS
    | _ENGLISH_QUESTION_WORDS
    | _ENGLISH_CONNECTIVES
    | _folded(
        "i we you my your our about according all although among another any because between both despite each even "
        "every here however if more most no often only originally other others over recently several since some such "
        "thus today tomorrow traditionally under until usually while without yes yesterday"
    )
    | _folded("one two three four five six seven eight nine ten first second third")
    | _folded("mr mrs ms dr sir president prime minister king queen prince general secretary director head")
    | _folded("police government parliament army ministry court people person man woman city state country war world")
    | _folded("north south east west northern southern eastern western")
    | _folded("january february march april may june july august september october november december")
    | _folded("monday tuesday wednesday thursday friday saturday sunday")
)

# Words that deny.
NEGATIONS = _folded(
    "not no never none nobody nothing neither nor without cannot isn't aren't wasn't weren't don't doesn't didn't "
    "won't wouldn't can't couldn't hasn't haven't hadn't shouldn't لا لم لن ليس ليست ليسوا لسنا بدون دون بلا"
)

# Arabic words that begin a question.
ARABIC_INTERROGATIVES = _folded("من ما ماذا متى أين كيف كم هل لماذا لم أي أيهما بم عم")


def content_words(question: str) -> list[str]:
    """Return the words of a question that say something about its subject: "and why?" has none."""
    return [word for word in words(fold(question)) if word.removeprefix("و") not in QUESTION_STOPWORDS]
