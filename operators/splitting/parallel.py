"""parallel: a chain of operators several times side by side, among which the items are shared out."""

from __future__ import annotations

from operators._kernel.failures.checks import need_count
from operators._kernel.kinds import DeferredSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators.combining.merge import Merge
from operators.sources.flows import FromFlows
from operators.splitting.divide import divided


class Parallel(DeferredSource):
    """What rails make of the items, which are shared out among them.

    emits        what the operators on the rails give, as it comes; where several have some they take turns
    backpressures  asks upstream for `prefetch` items, which wait for whichever rail wants one; each rail
                 is asked for `ahead` results, and again when three quarters are emitted
    completes    when all rails have
    fails        when upstream does, or a rail; the others are cancelled, and what they held is discarded
    """

    __slots__ = ("_ahead", "_many", "_prefetch", "_rail", "_upstream")
    name = "parallel"
    contract = Contract.PREFETCH
    asynchronous = True

    def __init__(self, upstream: Node, many: int, prefetch: int, rail: Node, ahead: int) -> None:
        need_count("sequential", "prefetch", ahead)
        self._upstream = upstream
        self._many = many
        self._prefetch = prefetch
        self._rail = rail
        self._ahead = ahead

    @property
    def holds(self) -> int:
        # What the first rail holds is told of by its operators.
        others: int = sum([node.operator.holds for node in self._rail.chain()[1:]])
        return self._many * (self._ahead + 1) + (self._many - 1) * others

    @property
    def details(self) -> str:
        return f"{self._many} rails, prefetch={self._ahead}"

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._rail,)

    def resolve(self) -> Node:
        operators = self._rail.chain()[1:]
        roots = divided("parallel", self._upstream, self._many, self._prefetch, None)
        rails = tuple([_laid(root, operators) for root in roots])
        site = self._rail.site
        return Node(Merge(self._many, self._ahead), Node(FromFlows(rails), site=site), site)


def _laid(root: Node, operators: list[Node]) -> Node:
    node = root
    for each in operators:
        node = Node(each.operator, node, each.site, each.label)
    return node
