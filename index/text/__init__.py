"""Text of articles: normalization, tokens, passages and sentences, days."""
