"""What the JAX engine does in several processes, against the tiled one; a script, started once for each of them.

python jax_in_processes.py HOST:PORT,K/N
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.jax_on_devices import compared
from wignercq.propagation.engines import processes

if __name__ == "__main__":
    processes.join(sys.argv[1])
    compared(processes.count(), ["quartic with friction", "quantum bath", "thermal dynamics"])
