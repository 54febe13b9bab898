"""From a folder of articles to one searchable store."""
