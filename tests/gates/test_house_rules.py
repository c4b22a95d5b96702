"""The rules of tools/house.py hold for the project, and each of them fails on a bad sample."""

from __future__ import annotations

import subprocess

import pytest

LONG = "X = 1\n" * 451
PATH = "/ho" + "me/someone/project"
NOTE = "TO" + "DO"

# the file that is bad, its text, what the rule has to say about it
BAD = [
    *(
        pytest.param(f"operators/{name}", text, f"operators/{name}:1: imports {module}", id=case)
        for case, name, text, module in [
            ("threading", "map.py", "import threading\n", "threading"),
            ("lock", "map.py", "from threading import Lock\n", "threading.Lock"),
            ("_thread", "sources/just.py", "import _thread\n", "_thread"),
            ("queue", "timing/delay.py", "from queue import SimpleQueue\n", "queue.SimpleQueue"),
            ("process", "map.py", "import multiprocessing.pool\n", "multiprocessing.pool"),
        ]
    ),
    pytest.param(
        "operators/map.py",
        "def late():\n    import queue as q\n    return q\n",
        "operators/map.py:2: imports queue",
        id="queue-late",
    ),
    pytest.param(
        "operators/_kernel/bad.py",
        "from operators import Flow\n",
        "operators/_kernel/bad.py:1: the kernel imports operators.Flow",
        id="kernel-imports-root",
    ),
    pytest.param(
        "operators/_kernel/bad.py",
        "from ..flow import Flow\n",
        "operators/_kernel/bad.py:1: the kernel imports operators.flow.Flow",
        id="kernel-imports-relative",
    ),
    pytest.param(
        "reactive_streams/bad.py",
        "import rich\n",
        "reactive_streams/bad.py:1: the specification imports rich",
        id="specification-third-party",
    ),
    pytest.param(
        "reactive_streams/bad.py",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import operators\n",
        "reactive_streams/bad.py:4: the specification imports operators",
        id="specification-type-checking",
    ),
    pytest.param(
        "operators/connectors/tcp.py",
        "import threading\n",
        "operators/connectors/tcp.py:1: imports threading",
        id="connector-thread",
    ),
    pytest.param(
        "operators/map.py",
        "def late():\n    import httpx\n",
        "operators/map.py:2: imports httpx: a package of others",
        id="third-party",
    ),
    pytest.param(
        "operators/connectors/http.py",
        "import httpx\n",
        "operators/connectors/http.py:1: imports httpx: a package of others",
        id="third-party-at-once",
    ),
    pytest.param(
        "operators/_kernel/hosts/trio_runs.py",
        "import httpx\nimport trio\n",
        "operators/_kernel/hosts/trio_runs.py:1: imports httpx: a package of others",
        id="third-party-of-a-runtime",
    ),
    pytest.param(
        "operators/_kernel/hosts/loops.py",
        "import trio\n",
        "operators/_kernel/hosts/loops.py:1: imports trio: a package of others",
        id="a-runtime-elsewhere",
    ),
    pytest.param(
        "operators/connectors/tcp.py",
        "async def batches():\n    try:\n        yield [1]\n    finally:\n        await close()\n",
        "operators/connectors/tcp.py:5: awaits in a finally",
        id="cleanup-broken-off",
    ),
    pytest.param("operators/map.py", LONG, "operators/map.py: 451 lines", id="long"),
    pytest.param("README.md", f"See {PATH}\n", "README.md:1: a path of one machine", id="path"),
    pytest.param("map.sh", f"# {NOTE} later\n", "map.sh:1: a note without its reason", id="note"),
    pytest.param("playground/__init__.py", "", "playground: has no py.typed", id="untyped-package"),
    pytest.param(
        "playground/__init__.py",
        "",
        "pyproject.toml: playground is missing in tool.importlinter.root_packages",
        id="forgotten-package",
    ),
    pytest.param(
        "operators/timing/delay.py", "X = 1\n", "operators/timing: has no __init__.py", id="folder"
    ),
]

GOOD = [
    pytest.param("operators/_kernel/lock.py", "import threading\n", id="kernel-locks"),
    pytest.param("operators/schedulers/__init__.py", "import threading\n", id="scheduler-threads"),
    pytest.param("operators/_kernel/a.py", "from . import stage\n", id="kernel-relative"),
    pytest.param("reactive_streams/a.py", "from typing_extensions import Protocol\n", id="typing"),
    pytest.param("operators/connectors/queues.py", "import queue\n", id="connector-queue"),
    pytest.param(
        "operators/connectors/http.py",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import httpx\n",
        id="connector-types",
    ),
    pytest.param(
        "operators/connectors/tcp.py",
        "async def batches():\n    try:\n        yield [1]\n    finally:\n"
        "        with Unbroken():\n            await close()\n",
        id="cleanup-unbroken",
    ),
    pytest.param("operators/map.py", LONG[:-6], id="not-too-long"),
    pytest.param("map.sh", f"# {NOTE}(needs 3.12's itertools.batched): do so\n", id="reason"),
    pytest.param("README.md", "See https://example.org" + PATH[5:] + "\n", id="address"),
]


def test_the_project_keeps_the_rules(root, check):
    status, output = check(root, "house")
    assert status == 0, output


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_rule_fails_on_a_bad_sample(sample, check, name, text, message):
    status, output = check(sample({name: text}), "house")
    assert message in output
    assert status != 0


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_what_is_allowed_passes(sample, check, name, text):
    status, output = check(sample({name: text}), "house")
    assert status == 0, output


def test_files_that_are_not_committed_are_not_searched(sample, check):
    folder = sample({"notes.txt": PATH, ".gitignore": "notes.txt\n"})
    assert check(folder, "house")[0] != 0
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    status, output = check(folder, "house")
    assert status == 0, output


def test_a_runtime_is_imported_by_its_own_side(sample, check):
    files = {"operators/_kernel/hosts/__init__.py": ""}
    for name in ("trio_runs.py", "trio_tasks.py"):
        files[f"operators/_kernel/hosts/{name}"] = "import trio\n"
    status, output = check(sample(files), "house")
    assert status == 0, output
