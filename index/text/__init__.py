"""The text of articles: normalization, tokens, passages and sentences, dates."""
