"""Metric math of alarms, for one point in time: arithmetic, comparisons, IF and FILL; pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from ecs_fleet_emulator.errors import UnsupportedExpressionError

Value = float | None
"""A metric's data point; None where it is missing."""

_OPERATORS = ((r"&&", " and "), (r"\|\|", " or "), (r"\bAND\b", " and "), (r"\bOR\b", " or "))

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


class Expression:
    """A metric math expression over the ids of metrics.

    Raises:
        UnsupportedExpressionError: a part of it is not emulated; the text names that part.
    """

    def __init__(self, text: str) -> None:
        plain = text.replace("^", "**")
        for pattern, word in _OPERATORS:
            plain = re.sub(pattern, word, plain)
        try:
            self._tree = ast.parse(plain.strip(), mode="eval").body
        except SyntaxError as error:
            raise UnsupportedExpressionError(f"{text!r} is not metric math") from error
        names = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        self.ids = {name for name in names if name[0].islower()}
        # An unsupported part raises for any values, so a first evaluation finds it.
        self.evaluate(dict.fromkeys(self.ids, 1.0))

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        """The expression's value for the metrics' values; None if one that it needs is missing."""
        try:
            return self._value(self._tree, values)
        except ZeroDivisionError:
            return None

    def _value(self, node: ast.expr, values: Mapping[str, Value]) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in values:
                return values[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self._value(operand, values)
                return None if value is None else -value
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                return self._binary(_BINARY[type(sign)], left, right, values)
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self._binary(_COMPARISONS[type(sign)], left, right, values)
            case ast.BoolOp(op=sign, values=parts):
                found = [self._value(part, values) for part in parts]
                if None in found:
                    return None
                return float(all(found) if isinstance(sign, ast.And) else any(found))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments, values)
            case _:
                raise UnsupportedExpressionError(f"not emulated: {ast.unparse(node)}")

    def _binary(
        self,
        function: Callable[[float, float], float],
        left: ast.expr,
        right: ast.expr,
        values: Mapping[str, Value],
    ) -> Value:
        first, second = self._value(left, values), self._value(right, values)
        return None if first is None or second is None else float(function(first, second))

    def _call(self, name: str, arguments: list[ast.expr], values: Mapping[str, Value]) -> Value:
        if name == "IF" and len(arguments) == 3:
            condition = self._value(arguments[0], values)
            chosen = [self._value(argument, values) for argument in arguments[1:]]
            return None if condition is None else chosen[0 if condition else 1]
        if name == "FILL" and len(arguments) == 2:
            found, filling = (self._value(argument, values) for argument in arguments)
            return filling if found is None else found
        if name in _UNARY and len(arguments) == 1:
            value = self._value(arguments[0], values)
            return None if value is None else float(_UNARY[name](value))
        if name in _AGGREGATES and len(arguments) == 1 and isinstance(arguments[0], ast.List):
            several = [self._value(argument, values) for argument in arguments[0].elts]
            present = [value for value in several if value is not None]
            return float(_AGGREGATES[name](present)) if present else None
        raise UnsupportedExpressionError(f"not emulated: {name} with {len(arguments)} arguments")
