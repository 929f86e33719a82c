"""Configuration files: what they make, and that everything else is refused in one line that names the key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from support.configurations import configuration

from wignercq.config import Config
from wignercq.errors import ConfigError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))

FULL = configuration(
    interaction={"potential": "lam*(q - x)**2/2", "decoherence": 0.9},
    initial={"kind": "gaussian", "mean": [1.2, -0.3, -0.8, 0.4], "covariance": [0.5, 0.6, 0.35, 0.45]},
    grid={"q": {"extent": [-8.0, 7.0], "points": 48}, "x": {"points": 40}},
    run={
        "duration": 2.0,
        "outputs": 8,
        "tolerance": 1e-5,
        "order": 2,
        "hbar_order": 1,
        "precision": "float32",
        "engine": "tiled",
        "frames": 3,
        "save_state": True,
    },
    compare={},
)


def edited(old: str, new: str) -> str:
    """The full configuration with one piece replaced; the piece has to be there exactly once."""
    assert FULL.count(old) == 1
    return FULL.replace(old, new)


def with_initial(lines: str, text: str = FULL) -> Config:
    start, end = text.index("[initial]"), text.index("[grid]")
    return Config.from_text(f"{text[:start]}[initial]\n{lines}\n{text[end:]}")


def test_every_key_arrives_where_it_belongs():
    """Kills: two keys of the same type exchanged on their way to the model, the state or the run."""
    config = Config.from_text(FULL)
    model, run = config.model, config.run
    numbers = (model.hbar, model.classical_mass, model.quantum_mass, model.friction, model.diffusion, model.D0)
    assert numbers == (0.7, 1.7, 0.8, 0.35, 0.6, 0.9)
    assert dict(model.parameters) == {"k_C": 1.3, "k_Q": 0.9, "g": 0.2, "lam": 0.4}
    at = {"q": 1.1, "x": -0.6}
    assert float(model.V_C.subs({s: at[s.name] for s in model.V_C.free_symbols})) == pytest.approx(1.3 * 1.1**2 / 2)
    expected = 0.9 * 0.6**2 / 2 + 0.2 * 0.6**4 / 4
    assert float(model.V_Q.subs({s: at[s.name] for s in model.V_Q.free_symbols})) == pytest.approx(expected)
    assert float(model.V_I.subs({s: at[s.name] for s in model.V_I.free_symbols})) == pytest.approx(0.4 * 1.7**2 / 2)
    np.testing.assert_array_equal(config.state.mean, [1.2, -0.3, -0.8, 0.4])
    np.testing.assert_array_equal(config.state.covariance, np.diag([0.5, 0.6, 0.35, 0.45]))
    assert config.state.hbar == 0.7
    assert (config.axes["q"].extent, config.axes["q"].points) == ((-8.0, 7.0), 48)
    assert (config.axes["x"].extent, config.axes["x"].points) == (None, 40)
    assert set(config.axes) == {"q", "x"}
    settings = (run.duration, run.tolerance, run.order, run.hbar_order, run.precision, run.frames, run.save_state)
    assert settings == (2.0, 1e-5, 2, 1, "float32", 3, True)
    assert config.text == FULL


def test_what_is_left_out_takes_the_documented_default():
    """Kills: a default that differs from the documentation, above all an unsaturated trade-off."""
    config = Config.from_text(
        """
        [model.classical]
        potential = "q**2"
        diffusion = 0.4
        [model.quantum]
        potential = 0
        [model.interaction]
        potential = "q*x"
        [initial]
        kind = "gaussian"
        mean = [0, 0, 0, 0]
        covariance = [1, 2, 1, 2]
        [run]
        duration = 3
        """
    )
    assert (config.model.hbar, config.model.classical_mass, config.model.friction) == (1.0, 1.0, 0.0)
    assert 4 * config.model.D0 * config.model.diffusion == pytest.approx(1.0, abs=1e-15)
    run = config.run
    assert (run.tolerance, run.dt, run.order, run.hbar_order, run.frames) == (None, None, 4, None, 5)
    assert (run.precision, run.engine, run.save_state, len(run.times)) == ("float64", "tiled", False, 21)
    assert config.axes == {}


@pytest.mark.parametrize(
    ("keys", "times"),
    [
        ("outputs = 4", [0.0, 0.5, 1.0, 1.5, 2.0]),
        ("save_every = 0.5", [0.0, 0.5, 1.0, 1.5, 2.0]),
        ("save_every = 0.8", [0.0, 0.8, 1.6, 2.0]),
        ("save_every = 5", [0.0, 2.0]),
    ],
)
def test_output_times_reach_the_end_exactly(keys, times):
    """Kills: a last output missing, doubled or beyond the duration."""
    run = Config.from_text(edited("outputs = 8", keys)).run
    assert run.times[-1] == 2.0
    np.testing.assert_allclose(run.times, times, rtol=0, atol=1e-15)


def test_save_every_is_not_fooled_by_rounding():
    """Kills: 2.1/0.7 = 3.0000000000000004 taken for four intervals, the last one of no length."""
    run = Config.from_text(edited("outputs = 8", "save_every = 0.7").replace("duration = 2.0", "duration = 2.1")).run
    assert len(run.times) == 4
    assert np.diff(run.times).min() > 0.69


def test_a_full_covariance_is_kept_row_by_row():
    """Kills: rows of a covariance read as a diagonal, or transposed blocks."""
    rows = [[0.5, 0.1, 0.02, 0.03], [0.1, 0.6, 0.04, 0.05], [0.02, 0.04, 0.45, 0.06], [0.03, 0.05, 0.06, 0.55]]
    config = Config.from_text(edited("covariance = [0.5, 0.6, 0.35, 0.45]", f"covariance = {rows}"))
    np.testing.assert_array_equal(config.state.covariance, rows)


CLASSICAL = "mean = [1.2, -0.3, -0.8, 0.4]\nclassical_covariance = [0.5, 0.6]\n"
HBAR, MASS, OMEGA = 0.7, 0.8, 1.5
XX, YY = HBAR / (2 * MASS * OMEGA), HBAR * MASS * OMEGA / 2  # of the ground state


@pytest.mark.parametrize(
    ("keys", "xx", "yy"),
    [
        ('kind = "coherent"', XX, YY),
        ('kind = "squeezed"\nsqueezing = 0.4', XX * np.exp(-0.8), YY * np.exp(0.8)),
        ('kind = "squeezed"\nsqueezing = 0.4\nangle = 1.5707963267948966', XX * np.exp(0.8), YY * np.exp(-0.8)),
        ('kind = "thermal"\ntemperature = 1.1', *(v / np.tanh(HBAR * OMEGA / 2.2) for v in (XX, YY))),
        ('kind = "fock"\nn = 3', 7 * XX, 7 * YY),
    ],
)
def test_oscillator_states_have_their_textbook_covariance(keys, xx, yy):
    """Kills: mass, frequency or hbar exchanged on the way to a state, or a centre put on the wrong particle."""
    state = with_initial(f"{keys}\n{CLASSICAL}frequency = {OMEGA}").state
    np.testing.assert_allclose(state.mean, [1.2, -0.3, -0.8, 0.4], atol=1e-12)
    np.testing.assert_allclose(state.covariance, np.diag([0.5, 0.6, xx, yy]), atol=1e-11)


def test_cat_of_far_components_has_the_variance_of_two_points():
    """Kills: the cat's displacement read as its centre, or its position and momentum exchanged."""
    state = with_initial(f'kind = "cat"\ndisplacement = [5.0, 0.0]\nphase = 0.3\n{CLASSICAL}frequency = {OMEGA}').state
    np.testing.assert_allclose(state.mean, [1.2, -0.3, -0.8, 0.4], atol=1e-6)
    np.testing.assert_allclose(np.diag(state.covariance)[2:], [XX + 25.0, YY], rtol=1e-6)


def test_default_frequency_is_that_of_small_oscillations():
    """Kills: V_Q'' taken at the origin instead of the centre, or divided by the wrong mass."""
    state = with_initial(f'kind = "coherent"\n{CLASSICAL}').state
    omega = np.sqrt((0.9 + 3 * 0.2 * 0.8**2) / MASS)
    assert state.covariance[2, 2] == pytest.approx(HBAR / (2 * MASS * omega), rel=1e-12)


@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
def test_wavefunction_is_found_on_every_scale(scale):
    """Kills: a wave function sampled on a fixed range, which misses narrow or far-away packets."""
    psi = f"exp(-(x - {5 * scale})**2/(4*{scale**2}) + I*{0.6 / scale}*x/hbar)"
    state = with_initial(
        f'kind = "wavefunction"\npsi = "{psi}"\nclassical_mean = [1.2, -0.3]\nclassical_covariance = [0.5, 0.6]'
    ).state
    np.testing.assert_allclose(state.mean, [1.2, -0.3, 5 * scale, 0.6 / scale], rtol=1e-9)
    expected = [0.5, 0.6, scale**2, HBAR**2 / (4 * scale**2)]
    np.testing.assert_allclose(np.diag(state.covariance), expected, rtol=1e-9)


def test_wavefunction_sees_the_parameters():
    """Kills: parameters in psi left as symbols or given each other's values."""
    state = with_initial(
        'kind = "wavefunction"\npsi = "exp(-x**2*k_Q)*x"\nclassical_mean = [0, 0]\nclassical_covariance = [1, 1]'
    ).state
    assert state.covariance[2, 2] == pytest.approx(3 / (4 * 0.9), rel=1e-9)


REFUSED = {
    "typo": (
        "friction = 0.35",
        "fricton = 0.35",
        r"model\.classical\.fricton: .* key; did you mean 'friction'\?",
    ),
    "typo of a required key": ("duration = 2.0", "durration = 2", r"run\.durration: .*did you mean 'duration'\?"),
    "unknown table": ("[grid]", "[gird]", r"gird: .*did you mean 'grid'\?"),
    "foreign key": ('kind = "gaussian"', 'kind = "gaussian"\nn = 3', r"initial\.n: expected one of kind, mean, cov"),
    "missing": ("duration = 2.0", "", r"run\.duration: expected this key, got nothing"),
    "text for number": ("mass = 1.7", 'mass = "1.7"', r'model\.classical\.mass: expected a finite number, got "1\.7"'),
    "bool for number": ("mass = 1.7", "mass = true", r"model\.classical\.mass: expected a finite number, got true"),
    "infinite": ("k_C = 1.3", "k_C = inf", r"model\.parameters\.k_C: expected a finite number, got inf"),
    "not a number": ("covariance = [0.5", "covariance = [nan", r"initial\.covariance: expected 4 numbers"),
    "huge": ("k_C = 1.3", "k_C = 1" + 400 * "0", r"model\.parameters\.k_C: expected a finite number, got 1000"),
    "huge covariance": ("covariance = [0.5", "covariance = [1" + 400 * "0", r"initial\.covariance: expected 4 numbers"),
    "number for text": ('precision = "float32"', "precision = 32", r'run\.precision: expected "float64" or "float32"'),
    "float for count": ("points = 48", "points = 48.0", r"grid\.q\.points: expected a whole number, got 48\.0"),
    "number for bool": (
        "save_state = true",
        "save_state = 1",
        r"run\.save_state: expected true, false or times in brackets, got 1",
    ),
    "text in times": (
        "save_state = true",
        'save_state = ["1"]',
        r"run\.save_state: expected true, false or times in br",
    ),
    "observable": (
        "save_state = true",
        'observables = { x4 = "z**4" }',
        r"run\.observables\.x4: expected a formula in .* name 'z'",
    ),
    "name of an observable": (
        "save_state = true",
        'observables = { purity = "x" }',
        r"run\.observables\.purity: expected a name that the result does not use itself",
    ),
    "formula of an observable": (
        "save_state = true",
        "observables = { x = true }",
        r"run\.observables\.x: expected a formula in quotes, or a number, got true",
    ),
    "no such frames": ("frames = 3", 'frames = "some"', r"run\.frames: expected a whole number or \"all\""),
    "number for table": ("x = { points = 40 }", "x = 40", r"grid\.x: expected a table, got 40"),
    "bool for formula": ('potential = "k_C*q**2/2"', "potential = true", r"model\.classical\.potential: .*got true"),
    "few points": ("points = 48", "points = 3", r"grid\.q\.points: expected a whole number from 8 to 10{9}, got 3"),
    "reversed extent": ("[-8.0, 7.0]", "[7.0, -8.0]", r"grid\.q\.extent: expected two finite ends, the lower first"),
    "three ends": ("[-8.0, 7.0]", "[-8.0, 0, 7.0]", r"grid\.q\.extent: expected 2 numbers in brackets"),
    "friction < 0": ("friction = 0.35", "friction = -1", r"model\.classical\.friction: expected a number >= 0, got -1"),
    "no mass": ("mass = 0.8", "mass = 0", r"model\.quantum\.mass: expected a positive number, got 0"),
    "trade-off": ("decoherence = 0.9", "decoherence = 0.3", r"model\.interaction\.decoherence: expected 4 D0 D2 >= 1"),
    "no diffusion": ("diffusion = 0.6", "", r"model\.interaction\.decoherence: expected 4 D0 D2 >= 1"),
    "uncertainty": ("0.35, 0.45]", "0.01, 0.45]", r"initial\.covariance: .*uncertainty"),
    "three means": ("mean = [1.2, ", "mean = [", r"initial\.mean: expected 4 numbers in brackets"),
    "ragged rows": ("[0.5, 0.6, 0.35, 0.45]", "[[1, 2], [3]]", r"initial\.covariance: .*a diagonal"),
    "unknown symbol": ("k_C*q**2/2", "k_D*q**2/2", r"model\.classical\.potential: .*unknown name 'k_D'"),
    "import": ("k_C*q**2/2", "__import__('os')", r"model\.classical\.potential: .*unknown function '__import__'"),
    "coordinate": ("k_C*q**2/2", "k_C*x**2/2", r"model\.classical\.potential: .*unknown name 'x'"),
    "unused parameter": ("g = 0.2", "g = 0.2\nh = 1", r"model\.parameters\.h: expected a name used in a potential"),
    "kind": ('kind = "gaussian"', 'kind = "gausian"', r'initial\.kind: expected one of gaussian, .*got "gausian"'),
    "kind is a list": ('kind = "gaussian"', 'kind = ["fock"]', r"initial\.kind: expected one of gaussian"),
    "order": ("order = 2\n", "order = 3\n", r"run\.order: expected 2 or 4, got 3"),
    "hbar_order": (
        "hbar_order = 1",
        "hbar_order = -1",
        r'run\.hbar_order: expected "exact" or a whole number >= 0, got -1',
    ),
    "hbar_order bool": ("hbar_order = 1", "hbar_order = true", r'run\.hbar_order: expected "exact"'),
    "duration": ("duration = 2.0", "duration = 0", r"run\.duration: expected a number >= 1e-100, got 0"),
    "no outputs": ("outputs = 8", "outputs = 0", r"run\.outputs: expected a number >= 1, got 0"),
    "too many outputs": ("outputs = 8", "save_every = 1e-9", r"run\.save_every: expected a number >= 2e-06, got 1e-09"),
    "outputs twice": ("outputs = 8", "outputs = 8\nsave_every = 1", r"run\.save_every: expected either outputs or"),
    "step twice": ("order = 2", "order = 2\ndt = 0.1", r"run\.dt: expected either tolerance or dt"),
    "checkpoints": (
        "frames = 3",
        'checkpoint_every = "5 weeks"',
        r'run\.checkpoint_every: expected a positive number with one of the units s, min, h, .*, got "5 weeks"',
    ),
    "not TOML": ("[initial]", "[initial", r"settings\.toml: expected TOML, got: .*line 20"),
    "odd key": ("frames = 3", '"fra\\nmes" = 3', r"run\.'fra\\nmes': expected one of"),
    "date": ("frames = 3", "frames = 2026-01-01", r"run\.frames: expected a whole number or \"all\", got '2026-01-01'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_that_names_the_key(case):
    """Kills: bad input that is accepted, or refused in several lines, or without the path of its key."""
    old, new, message = REFUSED[case]
    with pytest.raises(ConfigError) as caught:
        Config.from_text(FULL.replace(old, new, 1), name="settings.toml")
    text = str(caught.value)
    assert re.match(message, text), text
    assert text.count("\n") == 0
    assert len(text) < 400


RESTING = "mean = [0, 0, 0, 0]\nclassical_covariance = [1, 1]"
WAVE = 'kind = "wavefunction"\nclassical_mean = [0, 0]\nclassical_covariance = [1, 1]\npsi = '
INITIAL_REFUSED = {
    "no frequency": (
        f'kind = "coherent"\n{RESTING}',
        r"initial\.frequency: expected a number > 0 \(V_Q''\(x0\) = -0\.9",
    ),
    "classical covariance": (
        f'kind = "coherent"\n{RESTING}'.replace("[1, 1]", "[1, -1]"),
        r"initial\.classical_covariance: expected a positive-definite matrix",
    ),
    "psi that grows": (f'{WAVE}"exp(x**2)"', r"initial\.psi: expected a wave function that is finite"),
    "psi that stays": (f'{WAVE}"1"', r"initial\.psi: expected a wave function that vanishes at both ends"),
    "psi of q": (f'{WAVE}"exp(-q**2)"', r"initial\.psi: .*unknown name 'q'"),
    "fock": (f'kind = "fock"\nn = -1\n{RESTING}', r"initial\.n: expected a number >= 0, got -1"),
}


@pytest.mark.parametrize("case", INITIAL_REFUSED)
def test_initial_states_that_are_none_are_refused(case):
    """Kills: a state refused under a name that is not its key, or not refused at all."""
    keys, message = INITIAL_REFUSED[case]
    text = FULL.replace("k_Q = 0.9", "k_Q = -0.9") if case == "no frequency" else FULL
    with pytest.raises(ConfigError) as caught:
        with_initial(keys, text)
    assert re.match(message, str(caught.value)), str(caught.value)


def test_unreadable_files_are_refused_with_their_name(tmp_path):
    """Kills: a traceback for a file that is missing, a folder or no text."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, message in (
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "UTF-8"),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            Config.load(path)
        assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_accepted(path):
    """Kills: an example that the program refuses, or whose numbers do not arrive."""
    config = Config.load(path)
    assert config.run.duration == tomllib.loads(path.read_text())["run"]["duration"]
    assert len(config.run.times) > 10
