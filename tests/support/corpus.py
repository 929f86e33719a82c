"""Attacks: formulas, configuration values and whole files that somebody might try."""

from __future__ import annotations

CANARY = "wignercq_canary"  # the tests put a function of this name among the builtins; calling it is a defeat

#: Text that would run something if it were evaluated.
CODE = [
    f"{CANARY}()",
    f"{CANARY}(x)",
    f"sin({CANARY}())",
    f"{CANARY}()**2 + x",
    f"x if {CANARY}() else x",
    f"(lambda: {CANARY}())()",
    f"lambda: {CANARY}()",
    f"[{CANARY}() for _ in (1,)][0]",
    f"({CANARY}() for _ in (1,))",
    f"{{{CANARY}(): x}}",
    f"f'{{{CANARY}()}}'",
    f"(y := {CANARY}())",
    f"x; {CANARY}()",
    f"x\n{CANARY}()",
    f"x #\n{CANARY}()",
    f"await {CANARY}()",
    f"yield {CANARY}()",
    f"x[{CANARY}()]",
    f"x.{CANARY}()",
    f"{CANARY}.__call__()",
    f"sin.__call__({CANARY}())",
    f"sin(*{CANARY}())",
    f"sin(x, evaluate={CANARY}())",
    f"sin(**{CANARY}())",
    f"x.__class__.__init__.__globals__['{CANARY}']()",
    f"().__class__.__base__.__subclasses__()[0].__init__.__globals__['__builtins__']['{CANARY}']()",
    f"__builtins__['{CANARY}']()",
    f"__builtins__.{CANARY}()",
    f"globals()['{CANARY}']()",
    f"getattr(__builtins__, '{CANARY}')()",
    f"__import__('builtins').{CANARY}()",
    f"__import__('os').system('touch {CANARY}')",
    f"__import__('pathlib').Path('{CANARY}').touch()",
    f"open('{CANARY}', 'w')",
    f"exec('{CANARY}()')",
    f"eval('{CANARY}()')",
    f"compile('{CANARY}()', '', 'eval')",
    f"sympify('{CANARY}()')",
    f"parse_expr('{CANARY}()')",
    f"Symbol('{CANARY}()')",
    f"lambdify(x, '{CANARY}()')",
    f"Function('{CANARY}')(x)",
    f"S('{CANARY}()')",
    f"preview(x, output='{CANARY}')",
    f"print({CANARY}())",
    f"pprint({CANARY}())",
    f"breakpoint({CANARY}())",
    f"'{{0.__class__}}'.format({CANARY}())",
    f"type('X', (), {{'__del__': {CANARY}}})()",
    f"@{CANARY}",
    f"import {CANARY}",
    f"del {CANARY}",
    f"assert {CANARY}()",
    f"raise {CANARY}()",
    f"def f(): return {CANARY}()",
    f"class X({CANARY}()): pass",
    f"with {CANARY}(): pass",
    f"not {CANARY}()",
    f"{CANARY}() and x",
    f"x < {CANARY}()",
    f"~{CANARY}()",
    f"x @ {CANARY}()",
    f"`{CANARY}()`",
    f"${{{CANARY}()}}",
    f"{{{{{CANARY}()}}}}",
    f"%({CANARY})s",
    f"!!python/object/apply:{CANARY} []",
    f"c__builtin__\n{CANARY}\n(tR.",
]

#: Text that is no formula, whatever it may mean elsewhere.
# fmt: off
NONSENSE = [
    "", " ", "\n", "\t", "#", "x\x00", "\x00x", "x\x00+1", "\x1b[2J", "x\x07", "x\r\nx", "\ufeffx", "x\u2028x",
    "\u202ex", "\uff58", "\U0001d465", "\u0445", "x\u0301", "\u017fin(x)", "\uff11", "\u0661", "x\u00b2", "\u221ax",
    "\u03c0", "x\u200bx", "x\u2212x", "x\u00d7x", "\u2160", "\xaa", "\ud800", "x = 1", "x == 1", "x,", "(x,)", "[x]",
    "{x}", "...", "None", "True", "'x'", "b'x'", "u'x'", "r'x'", '"""x"""', "1j", "0x", "1__0", "01", "1e", "1.2.3",
    "x y", "2x", "x(2)", "(x)(x)", "x'", "E", "oo", "zoo", "nan", "inf", "I", "S", "N", "O", "Q", "GoldenRatio",
    "Infinity", "NaN", "__x__", "__builtins__", "help", "exit", "quit", "copyright", "credits", "input()",
    "factorial(9)", "gamma(x)", "Integral(x)", "diff(x)", "Piecewise(x)", "Sum(x)", "Rational(1)", "Float('1')",
    "Matrix(x)", "solve(x)", "binomial(99, 9)", "x!", "x!!", "fibonacci(9)", "sin", "sin()", "sin(x, x)", "sin x",
    "sin(x)(x)", "SIN(x)", "Sin(x)", "abs(x)", "max(x, 1)", "round(x)", "pow(x, 2)", "x//2", "x%2", "x<<2", "x|1",
    "x^2", "x&1", "not x", "x or x", "x is x", "x in x", "x if x else x", "*x", "**x", "x**", "1or x", "x if 1else x",
    "1is x", "x is 1", "(1)(x)", r"'\d'",
]
# fmt: on

#: Formulas out of all bounds, though every letter of them is allowed.
# fmt: off
RUNAWAY = [
    "9**9**9**9", "2**2**2**2**2**2", "x**10**10", "(x**60)**60", "1e400", "9" * 1900, "10**99*10**99", "-1e100",
    "1e-99**64**64", "exp(" * 9 + "9" + ")" * 9, "sinh(cosh(sinh(cosh(9))))*x", "x**exp(exp(exp(9)))", "exp(1e50)",
    "tan(pi/2)", "1/(x - x)", "0**-1", "log(0)", "atanh(1)*x", "sqrt(-1)", "log(-x**2)", "asin(2)", "(-8)**x",
    "(-1 - x**2)**0.5", "acosh(0.5)", "(-2)**0.3", "(" * 900 + "x" + ")" * 900, "(" * 99 + "x" + ")" * 99,
    "-" * 1900 + "x", "x+" * 900 + "x", "x**" * 600 + "x", "x" * 1900, "sin(" * 300 + "x" + ")" * 300,
    "sin(" * 50 + "x" + ")" * 50, "(sin(" * 30 + "x" + ")+x)" * 30, "1/(2-" * 29 + "x" + ")" * 29,
    "((((x+1)**8+1)**8+1)**8)", "((x+1)**8+1)**8", "(x+1)**64", "(x+x**2+1)**64", "(x + sqrt(2) + pi)**64",
    "1/(x+1)**64", "((((((x+1)**2+1)**2+1)**2+1)**2+1)**2+1)**2", "exp((((x+1)**8+1)**8+1)**8)", "(x+1)**64*(x+2)**64",
    "(x+1)**63.5", "*".join(f"sin({k}*x)" for k in range(50)), "*".join(f"(x+{k})" for k in range(50)),
    "+".join(f"(x+{k})**9" for k in range(50)), "*".join(f"sin(x+{k})" for k in range(1, 50)),
    "x*(" * 50 + "x" + "+1)" * 50, "sqrt(x**2)", "sqrt(sqrt(x**4 - 0*x))*x/x",
    "4.3536196893074264e+16**7.81415415287052*x", "12**(1/61)*12**(60/59)*12**(50/53)*12**(46/47)*12**(42/43)*x",
]
# fmt: on

#: Constants that grow without end, through towers of exponentials and powers of powers: each has to be refused.
# fmt: off
ENDLESS = [
    *("exp(" * depth + "1" + ")" * depth for depth in (5, 7, 8, 10, 59)), "sinh(" * 8 + "3" + ")" * 8,
    "tanh(sinh(cosh(sinh(cosh(sinh(4))))))", "erf(sinh(cosh(sinh(cosh(sinh(4))))))",
    "sqrt(exp(exp(exp(exp(exp(3))))))", "exp(exp(exp(exp(3)))) - exp(exp(exp(exp(3.1))))", "x**exp(exp(exp(exp(5))))",
    "x**exp(-exp(exp(exp(exp(5)))))", "1e-99**64", "((1e-99**64)**64)*x", "(((1e-99**64)**64)**64)*x",
    "(1 + 1e-90)**64", "((((1 + 1e-90)**64)**64)**64)", "(((((0.5)**64)**64)**64)**64)*x", "(x*1e99)**64",
    "((x*1e99)**8)**8", "*".join(["1e99"] * 50) + "*x", "x" + "/1e99" * 50, "(x/1e99)**64 + 1", "exp(1000)*x",
    "exp(1e50)", "sinh(1e9)", "sin(exp(300))", "exp(exp(1000))*x",
]
# fmt: on

#: What looks dangerous and is a formula: it has to be accepted, and everything after it has to be quick as well.
# fmt: off
DEMANDING = [
    "x**64", "x**2/2 + x**16/1e9", "(x - 1)**16/1e5", "exp(exp(exp(exp(exp(x)))))", "sin(sin(sin(sin(sin(x)))))",
    "x**x**x", "(x**2 + 1)**(x**2 + 1)", "sqrt(2 + sqrt(3 + sqrt(5 + sqrt(7 + x**2))))", "tan(1e50)*x",
    "sqrt(3e19)*x**2", "sin(1e30)*x", "sqrt(1.380649e-23/3.1415926535e-26)*x**2", "1e-99*x**2", "1e99*x", "1e-99**3*x",
    "erf(x)**64", "exp(-x**2)*cosh(x)**9", "+".join(f"sin({k}*x)" for k in range(1, 50)), "1/(2-" * 9 + "x" + ")" * 9,
    "atan(tan(x))", "log(cosh(x))", "(x/3)**0.5", "2**(1/7)*2**(1/11)*x", "(1 + sqrt(2))**64*x", "cos(pi/97)*x",
    "x**0.123456789", "12**6.123456789012*x", "(-12*x)**2*exp(6.123456789012*log(12) + x)", "exp(1/x)",
    "((12*x)**2 + 1)**1.234567891234", "12**(1.234567891234*log(5)*x)", "2**(1.234567891234*log(12)/log(2))*x",
    "acosh(cosh(x))*1e-9",
]
# fmt: on

#: A configuration with every key, as the values are written.
KEYS = {
    "model.hbar": "0.8",
    "model.parameters": "{ k = 0.5 }",
    "model.classical.mass": "1.3",
    "model.classical.potential": '"k*q**2"',
    "model.classical.friction": "0.3",
    "model.classical.diffusion": "0.5",
    "model.quantum.mass": "0.7",
    "model.quantum.potential": '"0.55*x**2"',
    "model.interaction.potential": '"0.2*(q - x)**2"',
    "model.interaction.decoherence": "0.75",
    "initial.kind": '"gaussian"',
    "initial.mean": "[0.4, -0.3, -0.2, 0.3]",
    "initial.covariance": "[0.5, 0.6, 0.4, 0.45]",
    **{f"grid.{axis}.extent": "[-4.0, 4.5]" for axis in "qpxy"},
    **{f"grid.{axis}.points": "16" for axis in "qpxy"},
    "grid.adapt": "false",
    "grid.memory_limit": '"1 GiB"',
    "run.duration": "0.8",
    "run.outputs": "4",
    "run.tolerance": "2e-4",
    "run.order": "4",
    "run.hbar_order": '"exact"',
    "run.precision": '"float64"',
    "run.engine": '"tiled"',
    "run.frames": "3",
    "run.save_state": "false",
    "run.threads": "3",
    "run.checkpoint_every": '"10 s"',
    "compare.threshold": "0.01",
    "compare.observables": '["W"]',
    "sweep.hbar": "[0.1, 0.2]",
}
_OSCILLATOR = {"mean": "[0, 0, 0, 0]", "classical_covariance": "[0.5, 0.5]", "frequency": "1.0"}
#: The other kinds of initial states, with their keys.
STATES: dict[str, dict[str, str]] = {
    "coherent": _OSCILLATOR,
    "squeezed": {**_OSCILLATOR, "squeezing": "0.1", "angle": "0.2"},
    "thermal": {**_OSCILLATOR, "temperature": "1.0"},
    "fock": {**_OSCILLATOR, "n": "2"},
    "cat": {**_OSCILLATOR, "displacement": "[1, 0]", "phase": "0.1"},
    "wavefunction": {"psi": '"exp(-x**2)"', "classical_mean": "[0, 0]", "classical_covariance": "[0.5, 0.5]"},
}


def configuration(**changes: str) -> str:
    """The text of a configuration; `changes` are values by key, and ``initial.kind`` may be a key of STATES alone."""
    keys = {**KEYS, **changes}
    kind = keys["initial.kind"].strip("\"'")
    if kind in STATES:
        keys = {key: value for key, value in KEYS.items() if not key.startswith("initial.")}
        keys |= {
            "initial.kind": f'"{kind}"',
            **{f"initial.{key}": value for key, value in STATES[kind].items()},
            **changes,
        }
    return "".join(f"{key} = {value}\n" for key, value in keys.items())


#: Values for any key of a configuration.
# fmt: off
VALUES = [
    "0", "-1", "1", "7", "0.5", "1e308", "-1e308", "1e-320", "1e100", "1e99", "-1e99", "1e-99", "1e75", "1e-75",
    "1e400", "nan", "inf", "-inf", "true", "false", "''", "'x'", "'nan'", "[]", "[[]]", "{}", "{ a = { b = 1 } }",
    "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "1" + "0" * 400, "9" * 3000, "0x" + "f" * 3000,
    "0b" + "1" * 3000, "-0.0", "[nan, nan, nan, nan]", "[1e308, 1e308, 1e308, 1e308]",
    "[1e-320, 1e-320, 1e-320, 1e-320]", "[1e74, 1e-74, 1e74, 1e-74]", "[-1e308, 1e308]", "[0, 1e-320]",
    "[1e300, 1.0000000001e300]", "[0, inf]", "[1, 0]", "[0, 0]", "[1, 2, 3]", "[300.0, 0.1]", f"'{CANARY}()'",
    f"\"__import__('os').system('touch {CANARY}')\"", '"\\u0000"', '"\\u001b[2J"', '"\\u202e"', "'''a\nb'''",
    "[[1, 2], [3]]", "[[[[[[[[1]]]]]]]]", "['a', 1, [2]]", "2000000000", "-9223372036854775808",
    "18446744073709551616",
]
# fmt: on

#: Names for a parameter, as TOML writes keys.
# fmt: off
NAMES = [
    "q", "p", "x", "y", "t", "I", "hbar", "pi", "sin", "exp", "erf", "lambda", "class", "None", "True", "_", "__",
    "__class__", f"{CANARY}", "__import__", "print", "E", "S", "N", "oo", "''", "' '", "'a b'", "'a.b'", "'a-b'",
    "'1'", "1", "-", "'\U0001d465'", "'\u0445'", '"\\u0000"', '"\\u001b[2J"', '"a\\nb"', "'()'", "'k_C k_C'", "'k_C;'",
    "a.b", "k" * 300, "Q", "X", "numpy", "array",
]
# fmt: on

#: Texts that are no configuration, each after its own fashion.
FILES = {
    "empty": "",
    "null": "\x00",
    "noise": "".join(chr(33 + (7 * i * i + 3 * i) % 90) for i in range(3000)),
    "not a table": "model = 1\ninitial = 2\nrun = 3",
    "tables of nothing": "[model]\n[initial]\n[run]",
    "array of tables": "[[model]]\n[[initial]]\n[[run]]",
    "duplicate table": "[model]\n[model]",
    "duplicate key": "[model]\nhbar = 1\nhbar = 1",
    "dotted bomb": "a." * 1900 + "a = 1",
    "many dotted bombs": "".join(f"k{i}." + "a." * 1900 + "a = 1\n" for i in range(25)),
    "long dotted bomb": "a." * 45000 + "a = 1",
    "deep array": "a = " + "[" * 3000 + "]" * 3000,
    "deep inline table": "a = " + "{a = " * 600 + "1" + "}" * 600,
    "deep in a known place": "[initial]\nkind = " + "[" * 1900 + "]" * 1900,
    "many keys": "".join(f"k{i} = 1\n" for i in range(9000)),
    "many tables": "".join(f"[t{i}]\n" for i in range(9000)),
    "huge key": f"{'k' * 3900} = 1",
    "huge text": f"a = '{'x' * 3900}'",
    "ten megabytes": "# comment\n" * 1_000_000,
    "ten megabytes on a line": "#" * 10_000_000,
    "unclosed": "a = [" * 900,
    "unclosed text": 'a = "' + '\\"' * 1900,
    "byte order mark": "\ufeff[model]",
    "yaml": "model:\n  hbar: 1\n",
    "json": '{"model": {"hbar": 1}}',
    "python": f"import os\nos.system('touch {CANARY}')\n",
    "yaml object": f"!!python/object/apply:os.system ['touch {CANARY}']",
    "escapes": '"\\u001b[2J" = "\\u001b[2J"',
}
