"""Arabic and English words: stop words, numbers, scripts."""
