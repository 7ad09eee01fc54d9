"""A formula is a Python function: it is printed as an equation and evaluated by the tests.

Printing reads the syntax tree of the function, so that what a reader sees and what a test compares with the package
cannot drift apart. The words that a formula may use beside arithmetic are below: `total`, `product`, `integral` ...
They are written to be obviously right, not quick.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

inf = math.inf


def exp(x: float) -> float:
    """e to the x."""
    return math.exp(x)


def ln(x: float) -> float:
    """Natural logarithm."""
    return math.log(x)


def log10(x: float) -> float:
    """Logarithm to base 10."""
    return math.log10(x)


def log2(x: float) -> float:
    """Logarithm to base 2."""
    return math.log2(x)


def sqrt(x: float) -> float:
    """Square root."""
    return math.sqrt(x)


def expit(x: float) -> float:
    """Inverse of the logit."""
    return 1.0 / (1.0 + math.exp(-x)) if x > -700 else 0.0


def factorial(n: int) -> int:
    """The product 1 2 ... n."""
    return math.factorial(n)


def Phi(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal(x: float, mean: float, variance: float) -> float:
    """Normal density with this mean and variance."""
    return math.exp(-0.5 * (x - mean) ** 2 / variance) / math.sqrt(2.0 * math.pi * variance)


def size(group: frozenset[int]) -> int:
    """Number of members."""
    return len(group)


def join(group: frozenset[int], member: int) -> frozenset[int]:
    """The group with one more member."""
    return group | {member}


def total(terms: Iterable[float]) -> float:
    """Sum."""
    return math.fsum(terms)


def product(factors: Iterable[float]) -> float:
    """Product."""
    return math.prod(factors)


def integral(f: Callable[[float], float], low: float, high: float) -> float:
    """Integral of `f`, by adaptive quadrature (not the rule that the package uses)."""
    from scipy.integrate import quad

    a, b = (max(low, -12.0), min(high, 12.0)) if math.inf in (-low, high) else (low, high)
    parts = 12 if b - a > 3.0 else 1
    step = (b - a) / parts
    return math.fsum(quad(f, a + i * step, a + (i + 1) * step, epsabs=1e-13)[0] for i in range(parts))


@dataclass(frozen=True)
class Equation:
    """One equation of the model page.

    Attributes
    ----------
    name : key in the page and in the tests
    left : LaTeX of the left side
    symbols : LaTeX of names that the general rule would print otherwise
    code : the function of the package that it describes
    function : the formula
    """

    name: str
    left: str
    symbols: Mapping[str, str]
    code: str
    function: Callable[..., float]

    @property
    def text(self) -> str:
        """What the equation says: the docstring."""
        return inspect.getdoc(self.function) or ""

    def latex(self) -> list[str]:
        """Return one line of LaTeX for each statement of the function."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        printer = _Printer(self.symbols)
        lines: list[str] = []
        for node in tree.body[1:] if ast.get_docstring(tree) else tree.body:
            if isinstance(node, ast.Return) and node.value is not None:
                lines.insert(0, f"{self.left} = {printer.show(node.value)}")
            elif isinstance(node, ast.Assign):
                lines.append(f"{printer.show(node.targets[0])} = {printer.show(node.value)}")
            else:
                raise TypeError(f"{self.name}: a formula has assignments and one return, not {type(node).__name__}")
        return lines


_GREEK = frozenset({"delta", "eta", "mu", "omega", "rho", "sigma", "tau", "theta", "Delta"})
_ATOM, _POWER, _TIMES, _PLUS, _LOWEST = 5, 4, 3, 2, 0
_FUNCTIONS = {
    "ln": r"\ln",
    "log10": r"\log_{10}",
    "log2": r"\log_{2}",
    "expit": r"\operatorname{expit}",
    "Phi": r"\Phi",
}
_BIG = {"total": r"\sum", "product": r"\prod"}
_COMPARE: dict[type, str] = {ast.NotEq: r"\neq", ast.Eq: "=", ast.Lt: "<", ast.Gt: ">", ast.In: r"\in"}


class _Printer:
    """From syntax to LaTeX; `show` puts brackets where the surroundings bind tighter."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self.symbols = symbols

    def show(self, node: ast.expr, *, within: int = _LOWEST) -> str:
        text, strength = getattr(self, f"_{type(node).__name__.lower()}", self._unknown)(node)
        return text if strength >= within else rf"\left({text}\right)"

    def _unknown(self, node: ast.expr) -> tuple[str, int]:
        raise TypeError(f"a formula cannot hold {type(node).__name__}: {ast.unparse(node)}")

    def _name(self, node: ast.Name) -> tuple[str, int]:
        return self.symbol(node.id), _ATOM

    def symbol(self, name: str) -> str:
        """LaTeX of a name: `h_occult` is h with the word below, Greek words are letters."""
        if name in self.symbols:
            return self.symbols[name]
        if name == "inf":
            return r"\infty"
        head, _, below = name.partition("_")
        shown = rf"\{head}" if head in _GREEK else head if len(head) == 1 else rf"\text{{{head}}}"
        return rf"{shown}_{{\text{{{below.replace('_', ' ')}}}}}" if below else shown

    def _constant(self, node: ast.Constant) -> tuple[str, int]:
        value = node.value
        assert isinstance(value, int | float)
        return (str(int(value)) if float(value).is_integer() else str(value)), _ATOM

    def _subscript(self, node: ast.Subscript) -> tuple[str, int]:
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        below = ",".join(self.show(i) for i in inner)
        name = self.show(node.value)
        if "_{" in name and name.endswith("}"):
            return f"{name[:-1]},{below}}}", _ATOM
        return f"{name}_{{{below}}}", _ATOM

    def _unaryop(self, node: ast.UnaryOp) -> tuple[str, int]:
        return f"-{self.show(node.operand, within=_TIMES)}", _PLUS

    def _binop(self, node: ast.BinOp) -> tuple[str, int]:
        kind = type(node.op)
        if kind is ast.Add:
            return f"{self.show(node.left, within=_PLUS)} + {self.show(node.right, within=_PLUS)}", _PLUS
        if kind is ast.Sub:
            return f"{self.show(node.left, within=_PLUS)} - {self.show(node.right, within=_TIMES)}", _PLUS
        if kind is ast.Div:
            return rf"\frac{{{self.show(node.left)}}}{{{self.show(node.right)}}}", _POWER
        if kind is ast.Pow:
            return f"{self.show(node.left, within=_ATOM)}^{{{self.show(node.right)}}}", _POWER
        if kind is ast.Mult and isinstance(node.left, ast.UnaryOp):
            return rf"-{self.show(node.left.operand, within=_TIMES)}\,{self.show(node.right, within=_TIMES)}", _PLUS
        if kind is ast.Mult:
            return rf"{self.show(node.left, within=_TIMES)}\,{self.show(node.right, within=_TIMES)}", _TIMES
        return self._unknown(node)

    def _ifexp(self, node: ast.IfExp) -> tuple[str, int]:
        rows = rf"{self.show(node.body)} & {self.show(node.test)} \\ {self.show(node.orelse)} & \text{{else}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}", _ATOM

    def _compare(self, node: ast.Compare) -> tuple[str, int]:
        sign = _COMPARE[type(node.ops[0])]
        return f"{self.show(node.left)} {sign} {self.show(node.comparators[0])}", _LOWEST

    def _tuple(self, node: ast.Tuple) -> tuple[str, int]:
        return f"({','.join(self.show(e) for e in node.elts)})", _ATOM

    def _call(self, node: ast.Call) -> tuple[str, int]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "exp":
            return rf"\exp\left({self.show(node.args[0])}\right)", _ATOM
        if name == "sqrt":
            return rf"\sqrt{{{self.show(node.args[0])}}}", _ATOM
        if name == "factorial":
            return f"{self.show(node.args[0], within=_ATOM)}!", _POWER
        if name == "size":
            return rf"\left|{self.show(node.args[0])}\right|", _ATOM
        if name == "join":
            return rf"{self.show(node.args[0])} \cup \{{{self.show(node.args[1])}\}}", _LOWEST
        if name == "normal":
            x, mean, variance = (self.show(a) for a in node.args)
            return rf"\mathcal{{N}}\left({x};\ {mean},\ {variance}\right)", _ATOM
        if name == "integral":
            f, low, high = node.args
            assert isinstance(f, ast.Lambda)
            variable = self.symbol(f.args.args[0].arg)
            inside = self.show(f.body, within=_TIMES)
            return rf"\int_{{{self.show(low)}}}^{{{self.show(high)}}} {inside}\,\mathrm{{d}}{variable}", _TIMES
        if name in _BIG:
            return self._big(name, node.args[0])
        if name in _FUNCTIONS:
            return rf"{_FUNCTIONS[name]}\left({self.show(node.args[0])}\right)", _ATOM
        arguments = r",\ ".join(self.show(a) for a in node.args)
        return rf"{self.symbol(name)}\left({arguments}\right)", _ATOM

    def _big(self, name: str, inside: ast.expr) -> tuple[str, int]:
        assert isinstance(inside, ast.GeneratorExp)
        loop = inside.generators[0]
        below = self.show(loop.target)
        if loop.ifs:
            below = self.show(loop.ifs[0])
        elif isinstance(loop.iter, ast.Name) and loop.iter.id in self.symbols:
            below = rf"{below} \in {self.symbol(loop.iter.id)}"
        return rf"{_BIG[name]}_{{{below}}} {self.show(inside.elt, within=_TIMES)}", _TIMES
