"""Where: the four axes, what of them is fixed, interpolation between them."""
