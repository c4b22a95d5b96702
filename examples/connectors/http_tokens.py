"""Tokens of a language model for many: `python examples/connectors/http_tokens.py`.

A proxy between a model, which answers with Server-Sent Events, and browsers. Those who ask the same share
one answer: who comes later gets what was said already, each has its own pace, and the model is stopped
when the last of them has gone. Model and proxy are served here, with uvicorn in threads.
"""

import asyncio
import queue
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote

import uvicorn

from operators import Flow
from operators.connectors import Message, http, values

LONGEST = 4_096  # tokens of an answer, and what waits for whoever is slow
EVENTS = http.ServerSettings(format="events")
said: queue.Queue[str] = queue.Queue()


def prompt_of(scope: Any) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode())["prompt"][0]


async def model(scope: Any, receive: Any, send: Any) -> None:
    """Stands for a language model: it says each word of the prompt, over and over."""

    async def tokens() -> AsyncIterator[Message[dict[str, str]]]:
        try:
            for n in range(LONGEST):
                words = prompt_of(scope).split()
                if n == len(words) and words[-1] != "forever":
                    return
                await asyncio.sleep(0.002)
                yield Message({"token": words[n % len(words)]}, {"id": str(n)})
        finally:
            said.put("the model has stopped")

    await http.Response(Flow.from_async_iterable(tokens()), EVENTS)(scope, receive, send)


def proxy_of(upstream: str) -> Any:
    answers: dict[str, Flow[Message[str]]] = {}

    def answer_to(prompt: str) -> Flow[Message[str]]:
        if prompt not in answers:
            tokens = http.events(f"{upstream}?prompt={quote(prompt)}")
            tokens = tokens.on_finally(lambda: answers.pop(prompt))
            answers[prompt] = tokens.replay(LONGEST).ref_count()
        # One that reads slowly has all of it wait for it alone, and holds nobody up.
        return answers[prompt].on_backpressure_buffer(LONGEST)

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        await http.Response(answer_to(prompt_of(scope)), EVENTS)(scope, receive, send)

    return proxy


@contextmanager
def served(app: Any) -> Generator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


def main() -> None:
    with served(model) as upstream, served(proxy_of(upstream)) as proxy:
        prompt = quote("to be or not to be")
        tokens = http.events(f"{proxy}?prompt={prompt}").apply(values())

        def read_by(pace: Callable[[Any], object]) -> list[str]:
            return list(tokens.tap(pace))

        slow = threading.Thread(target=lambda: said.put(f"slow: {len(read_by(pause))} tokens"))
        slow.start()
        print(f"fast: {len(read_by(lambda _: None))} tokens")
        slow.join()
        print(*sorted({said.get() for _ in range(said.qsize())}), sep="\n")

        forever = http.events(f"{proxy}?prompt={quote('on and on forever')}")
        print(f"gone after {len(list(forever.take(3)))} tokens")
        print(said.get(timeout=20))


def pause(_: Any) -> None:
    time.sleep(0.02)


if __name__ == "__main__":
    main()
