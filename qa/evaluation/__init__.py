"""Measures retrieval and answers on a file of questions, and calibrates the confidence."""
