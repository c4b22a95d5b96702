"""Calls of map_async of functions of which it is not known whether what they give is to be awaited."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.subscription.scope import Scope
from operators.concurrency._call import Call, give_up, needs_a_loop
from operators.concurrency._loop_calls import LoopCalls
from operators.concurrency._pool_calls import PoolCalls
from operators.concurrency._taker import Taker


class PlainCalls(PoolCalls):
    """Calls of a function that may block, or may give what is to be awaited: which, is not known.

    So it is called on threads until it gives an awaitable, or fails for the want of an event loop;
    from then on it is called on the loop, where what it gives is awaited.
    """

    def __init__(
        self, taker: Taker, fn: Callable[[Any], Any], concurrency: int, learnt: list[bool]
    ) -> None:
        super().__init__(taker, fn, None, concurrency)
        self._learnt = learnt
        self._loops = LoopCalls(taker, fn, known=False)
        self._scope: Scope | None = None
        self._handed: deque[Call] = deque()
        self._token = [None]
        self._opened = False
        self._broken: Exception | None = None

    @property
    def idle(self) -> bool:
        return super().idle and not self._handed and self._loops.idle

    def open(self, scope: Scope) -> None:
        super().open(scope)
        self._scope = scope

    def start(self, call: Call) -> None:
        if self._learnt:
            self._hand_over(call)
        else:
            super().start(call)

    def failed(self, call: Call, error: Exception) -> bool:
        if type(error) is RuntimeError and needs_a_loop(error):
            self._to_the_loop(call)
            return False
        return super().failed(call, error)

    def returned(self, call: Call, result: Any) -> bool:
        if inspect.isawaitable(result):
            call.made = result
            self._to_the_loop(call)
            return False
        return super().returned(call, result)

    def _to_the_loop(self, call: Call) -> None:
        self._learnt.append(True)
        self._live.pop(call, None)
        self._let_go()
        self._hand_over(call)

    def _hand_over(self, call: Call) -> None:
        self._handed.append(call)
        if not self._opened:
            try:
                self._token.pop()
            except IndexError:
                pass  # somebody takes the lease just now, and then looks at all that are handed over
            else:
                self._open_loop()
        if self._opened:
            self._pass_on()

    def _open_loop(self) -> None:
        assert self._scope is not None
        try:
            self._loops.open(self._scope, self._loop)
        except Exception as error:
            self._broken = error
        self._opened = True
        if self._closed:
            self._loops.close()

    def _pass_on(self) -> None:
        while self._handed:
            try:
                call = self._handed.popleft()
            except IndexError:
                return
            if self._broken is None:
                self._loops.start(call)
            else:
                give_up(call.made)
                call.fail(self._broken)
                self._end(call)

    def hurry(self) -> None:
        if self._opened:
            self._loops.hurry()

    def close(self) -> None:
        super().close()
        if self._opened:
            self._loops.close()
