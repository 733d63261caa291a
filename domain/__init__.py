"""The rules of the trade: pure functions over frozen values, standard library only, no clock, no randomness, no I/O."""
