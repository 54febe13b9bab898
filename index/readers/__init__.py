"""Readers of file formats: from the bytes of a file to raw articles."""
