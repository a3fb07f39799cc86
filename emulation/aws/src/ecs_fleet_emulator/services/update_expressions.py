"""moto's expressions: parsed once, copied and checked in a quarter of the time.

A deployment's code writes a few expressions again and again. moto parses each anew, copies its tree
and the item node by node, and asks ten times of every node whether it is of an abstract class.
"""

import functools
import pickle
from collections import deque
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import (
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from . import items

_KEPT_EXPRESSIONS = 1024


def apply() -> None:
    """Replace moto's own ways."""
    parse = UpdateExpressionParser.make
    lex = ConditionExpressionParser._lex_condition_expression

    @functools.lru_cache(maxsize=_KEPT_EXPRESSIONS)
    def parsed(expression: str) -> Any:
        """A tree that all callers share: they read it, and a validator changes a copy."""
        tree = parse(expression)
        tree.pickled = pickle.dumps(tree, pickle.HIGHEST_PROTOCOL)
        return tree

    @functools.lru_cache(maxsize=_KEPT_EXPRESSIONS)
    def words(condition: str) -> tuple[Any, ...]:
        return tuple(lex(ConditionExpressionParser(condition, None, None)))

    UpdateExpressionParser.make = parsed
    ConditionExpressionParser._lex_condition_expression = lambda parser: deque(
        words(parser.condition_expression)
    )
    DepthFirstTraverser.traverse = _traverse
    Node.find_clauses = _find_clauses
    validators.deepcopy = copied
    models.copy = SimpleNamespace(deepcopy=copied)


def copied(original: Any) -> Any:
    """A deep copy of plain data: of a tree of nodes, or an item."""
    if type(original) is Item:
        return items.copied(original)
    known = getattr(original, "pickled", None)
    return pickle.loads(known or pickle.dumps(original, pickle.HIGHEST_PROTOCOL))  # noqa: S301


def _traverse(traverser: Any, root: Any) -> Any:
    """Process each node after its children, as moto's method does; what the root has become."""
    processors = traverser._processing_map()
    processed = tuple(processors)
    prepare = traverser.pre_processing_of_child

    def visit(node: Any, place: int) -> Any:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            prepare(node, number)
            if _is_node(child.__class__):
                visit(child, number)
        kind = _first(node.__class__, processed)
        if kind:
            node = processors[kind](node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return visit(root, -1) if _is_node(root.__class__) else root


def _find_clauses(node: Any, kinds: list[type]) -> list[Any]:
    """The nodes of some classes below a node, but not below one another."""
    found: list[Any] = []
    for child in node.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _has_clauses(child.__class__):
            found.extend(_find_clauses(child, kinds))
    return found


# An abstract class's own `isinstance` is slow.
@functools.cache
def _is_node(kind: type) -> bool:
    return issubclass(kind, Node)


@functools.cache
def _has_clauses(kind: type) -> bool:
    return issubclass(kind, (Expression, UpdateExpressionFunction))


@functools.cache
def _first(kind: type, processed: tuple[type, ...]) -> type | None:
    """The first of some classes that a class is of."""
    return next((one for one in processed if issubclass(kind, one)), None)
