"""What waits for a connection of PostgreSQL: one that comes at the moment of a cancel is closed."""

from __future__ import annotations

import asyncio

import pytest

from operators.connectors.postgres.connection import within


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_when_nobody_wants_it_any_more_is_undone(late: bool) -> None:
    undone: list[str] = []

    async def main() -> None:
        opened = asyncio.Event()

        async def connecting() -> str:
            try:
                await opened.wait()
            except asyncio.CancelledError:
                assert late  # it is told, and has its connection all the same
            return "a connection"

        async def close(connection: str) -> None:
            undone.append(connection)

        waiting = asyncio.create_task(within(0.01 if late else 60, connecting(), "late", close))
        if late:
            with pytest.raises(TimeoutError, match="late"):
                await waiting
            return
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        opened.set()
        await asyncio.sleep(0)  # it has its connection now, and nobody has taken that
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert undone == ["a connection"]
