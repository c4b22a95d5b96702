"""Each check of `make check` passes on a good sample, and fails on a bad one for its reason."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.long, pytest.mark.tools, pytest.mark.timeout(300)]

# step, the file that is bad, its text, what the check has to say about it
BAD = [
    pytest.param(
        "format",
        "operators/bad.py",
        '"""Bad."""\n\nX   = {  "a":1 }\n',
        "operators/bad.py",
        id="format",
    ),
    pytest.param(
        "lint", "operators/bad.py", '"""Bad."""\n\nimport os\n', "F401", id="lint-unused-import"
    ),
    pytest.param(
        "lint",
        "operators/bad.py",
        '"""Bad."""\n\n\ndef public() -> None:\n    return None\n',
        "D103",
        id="lint-no-docstring",
    ),
    pytest.param("lint", "operators/bad.py", '"""Bad."""\n\nprint("x")\n', "T201", id="lint-print"),
    pytest.param(
        "lint",
        "tests/test_bad.py",
        "def test_bad(x=[]):\n    assert x\n",
        "B006",
        id="lint-tests-too",
    ),
    pytest.param(
        "layers",
        "reactive_streams/bad.py",
        "import operators\n",
        "reactive_streams imports no other package of the project BROKEN",
        id="layers-specification",
    ),
    pytest.param(
        "layers",
        "operators/bad.py",
        "import tck.probes\n",
        "operators imports neither tck nor playground BROKEN",
        id="layers-operators-tck",
    ),
    pytest.param(
        "layers",
        "operators/bad.py",
        "def late():\n    import playground\n",
        "operators imports neither tck nor playground BROKEN",
        id="layers-operators-playground",
    ),
    pytest.param(
        "layers",
        "operators/_kernel/bad.py",
        "from operators.flow import Flow\n",
        "operators._kernel imports nothing of operators outside itself BROKEN",
        id="layers-kernel",
    ),
    pytest.param(
        "layers",
        "operators/_kernel/hosts/__init__.py",
        '"""Hosts."""\n\nfrom operators._kernel.links.stage import Stage\n\nTHEIRS = Stage\n',
        "the rooms of operators._kernel import one way BROKEN",
        id="layers-kernel-rooms",
    ),
    pytest.param(
        "layers",
        "operators/_kernel/attic/__init__.py",
        '"""Attic."""\n',
        "the rooms of operators._kernel import one way BROKEN",
        id="layers-kernel-no-room",
    ),
    pytest.param(
        "layers",
        "operators/timing/__init__.py",
        '"""Timing."""\n\n\ndef late():\n    import operators.connectors\n',
        "operators.connectors stands on top: no other part of operators imports it BROKEN",
        id="layers-connectors",
    ),
    pytest.param(
        "layers",
        "operators/attic/__init__.py",
        '"""A family that stands nowhere."""\n',
        "operators.connectors stands on top: no other part of operators imports it BROKEN",
        id="layers-family-unlisted",
    ),
    pytest.param(
        "layers",
        "tck/recording/bad.py",
        "import tck.oracle.rules\n",
        "tck: a room imports only those that stand below it here BROKEN",
        id="layers-rooms",
    ),
    pytest.param(
        "layers",
        "tck/oracle/bad.py",
        "def late():\n    import tck.scripts\n",
        "tck: a room imports only those that stand below it here BROKEN",
        id="layers-rooms-beside",
    ),
    pytest.param(
        "layers",
        "tck/attic/__init__.py",
        '"""A room that stands nowhere."""\n',
        "tck: a room imports only those that stand below it here BROKEN",
        id="layers-rooms-unlisted",
    ),
    pytest.param(
        "layers",
        "tck/oracle/model.py",
        "import tck.oracle.rules\n",
        "tck: no circle of modules, in any room BROKEN",
        id="layers-circle",
    ),
    pytest.param(
        "mypy",
        "operators/bad.py",
        "def untyped(x):\n    return x\n",
        "[no-untyped-def]",
        id="mypy",
    ),
    pytest.param(
        "mypy",
        "tests/typing/bad.py",
        "def untyped(x):\n    return x\n",
        "[no-untyped-def]",
        id="mypy-tests-typing",
    ),
    pytest.param(
        "basedpyright",
        "operators/bad.py",
        "def untyped(x):\n    return x\n",
        "reportMissingParameterType",
        id="basedpyright",
    ),
    pytest.param(
        "verifytypes",
        "operators/flow.py",
        'def unknown(x):\n    """Unknown."""\n    return x\n\n\nclass Flow:\n    """A flow."""\n',
        "operators.flow.unknown",
        id="verifytypes",
    ),
]


def test_all_checks_pass_on_a_good_sample(sample, check):
    status, output = check(sample({}))
    assert status == 0, output
    assert output.count(" ok ") == 7, output


@pytest.mark.parametrize(("step", "name", "text", "message"), BAD)
def test_a_check_fails_on_a_bad_sample(sample, check, step, name, text, message):
    status, output = check(sample({name: text}), step)
    assert message in output
    assert "FAILED" in output
    assert status != 0


def test_an_unknown_check_is_refused(sample, check):
    status, output = check(sample({}), "spelling")
    assert status == 2
    assert "no check named 'spelling'" in output
