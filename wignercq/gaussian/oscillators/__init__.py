"""Closed forms of the oscillators of the paper: coupled, single, weakly coupled."""
