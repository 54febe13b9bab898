"""What names look like in running text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.types import Language

# Optional: without a pattern no questions about names are suggested.
# In English the words of a name begin with capital letters; at the beginning of a sentence every word does. Arabic has
# no capital letters: there a name is two words of which the second has the article (`مدينة الرقة`, `الولايات المتحدة`)
# and the first is no verb of the present (`تقسم التحالف`).
NAME_PATTERNS: Mapping[Language, re.Pattern[str]] = {
    "en": re.compile(r"(?<![.!?] )\b[A-Z][\w’'-]+ [A-Z][\w’'-]+\b"),
    "ar": re.compile(r"(?=(?<!\w)((?![يت](?!\w*ة))[^\W\d_]{3,} ال[^\W\d_]{3,})(?!\w))"),
}
