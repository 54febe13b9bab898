"""What is asked: validation, follow-ups, days, and the reading that finds the best evidence."""
