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
from moto.dynamodb.parsing.validators import Validator

from . import items

_KEPT_EXPRESSIONS = 1024
_OF_THE_EXPRESSION = (
    validators.ActionCountValidator,
    validators.OverlappingPathsValidator,
    validators.UpdateHashRangeKeyValidator,
)
"""Checks that the expression decides with its names and the keys, and no item and no value."""


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
    _keep_checks()
    DepthFirstTraverser.traverse = _traverse
    Node.find_clauses = _find_clauses
    validators.deepcopy = copied
    models.copy = SimpleNamespace(deepcopy=copied)


def _keep_checks() -> None:
    """Check once what an expression says by itself, and not with each item that it changes."""
    known: set[Any] = set()
    make = Validator.__init__

    def _init(validator: Any, expression: Any, *given: Any, **named: Any) -> None:
        make(validator, expression, *given, **named)
        names = tuple(sorted((validator.expression_attribute_names or {}).items()))
        validator.form = (expression.pickled, names, tuple(validator.table.table_key_attrs))

    def _validate(validator: Any) -> Any:
        tree, is_known = validator.node_to_validate, validator.form in known
        for processor in validator.processors:
            if not (is_known and isinstance(processor, _OF_THE_EXPRESSION)):
                tree = processor.traverse(tree)
        if len(known) >= _KEPT_EXPRESSIONS:
            known.clear()
        known.add(validator.form)
        return tree

    Validator.__init__, Validator.validate = _init, _validate


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
