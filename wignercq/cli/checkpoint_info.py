"""What a checkpoint holds, as text."""

from __future__ import annotations

from pathlib import Path

from wignercq.cli.info import MEASURED, ends, lines, notes
from wignercq.results.provenance import listed_versions
from wignercq.run.checkpoint import outline
from wignercq.run.progress import span

#: What the identity of a run says of its model.
MODEL = (
    *("hbar", "classical_mass", "quantum_mass", "classical_potential", "quantum_potential", "interaction"),
    *("friction", "diffusion", "decoherence", "dynamics"),
)


def told_of_checkpoint(path: Path) -> str:
    """All that is to be known of the checkpoint of a run or a comparison, CheckpointError where it is damaged."""
    header, rows = outline(path)
    identity = header.identity
    settings = ("engine", "precision", "order", "hbar_order", "tolerance", "times", "adapt")
    facts = {
        "kind": "checkpoint" + (" of a comparison" if len(rows) > 1 else " of a run"),
        "made by": listed_versions(header.versions),
        **{name.replace("_", " "): identity[name] for name in MODEL if identity.get(name, "None") != "None"},
        **{name.replace("_", " "): identity[name] for name in settings if name in identity},
        "time step": f"{header.dt:.6g}, {header.steps} steps, t = {header.steps * header.dt:.6g}",
        "time error": f"{header.error:.1e} of the maximum of W",
        "wall time": span(header.seconds),
    }
    leader = next(iter(rows.values()))
    measured = {
        label: ends(leader[name], f"t = {leader['time'][0]:.6g}", f"t = {leader['time'][-1]:.6g}")
        for name, label in MEASURED.items()
        if name in leader and leader[name].ndim == 1
    }
    tracks = header.tracks.items()
    remarks = {
        "grid_changes": "\n".join(f"{name}: {note}" for name, track in tracks for note in track.notes),
        "resumed": "\n".join(header.resumed),
        "unresolved": "\n".join(f"{name}: {track.unresolved}" for name, track in tracks if track.unresolved),
        "stopped": "\n".join(f"{name}: {reason}" for name, reason in header.lost.items()),
    }
    return "\n\n".join(part for part in map(lines, (facts, measured, notes(remarks))) if part)
