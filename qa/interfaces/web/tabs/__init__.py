"""The parts of the page: each lays out its components and handles their events."""
