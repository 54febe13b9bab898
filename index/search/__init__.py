"""In-memory search over one language: vectors and BM25."""
