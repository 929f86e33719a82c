"""How one step is taken: the symbol of the generator, splitting schemes, engines."""
