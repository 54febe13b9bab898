"""From a question to an answer whose every citation is a checked slice of an article."""
