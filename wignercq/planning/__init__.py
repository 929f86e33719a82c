"""What a run decides before its first step: grid, time step, memory."""
