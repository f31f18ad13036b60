"""The namespaces themselves: where there can be none the proof fails and says why, and none is left behind."""

import subprocess
import sys

import pytest

from tests.zones import namespaces

pytestmark = pytest.mark.real


def test_without_the_right_to_make_them_it_fails_and_says_so() -> None:
    drop = ["setpriv", "--bounding-set=-sys_admin,-net_admin", "--inh-caps=-sys_admin,-net_admin", "--"]
    program = "from tests.zones import namespaces; namespaces.make(['nowhere'])"
    done = subprocess.run([*drop, sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "The zones are proven in network namespaces: run the tests as root" in done.stderr


def test_what_a_crashed_run_left_is_swept_away() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = f"{namespaces.PREFIX}-{ended.pid}-broker"
    subprocess.run(["ip", "netns", "add", left], check=True)
    squatter = subprocess.Popen(["ip", "netns", "exec", left, "sleep", "600"])

    namespaces.sweep()
    assert squatter.wait(10) != 0
    assert left not in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
