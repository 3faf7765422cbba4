"""Is a hand-made formula right? Reading it, comparing it, and saying what is wrong with it."""
