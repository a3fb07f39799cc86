"""Weights in 8 bits. torchao is in no environment of the project, since diffusers would import it
at every start: the tests of it run in a process of their own that sees it."""

import os
import subprocess
import sys
from pathlib import Path

from toolchain.display import Display
from toolchain.layout import Layout
from toolchain.setup import quantization_plan
from toolchain.steps import one_at_a_time

LAYOUT = Layout.of_this_checkout()


def test_weights_in_8_bits_draw_where_torchao_is_installed() -> None:
    with one_at_a_time(LAYOUT.cache), Display() as display:
        quantization_plan(LAYOUT).run(display)
    module = Path(__file__).with_name("in_8_bits.py")
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider", module],
        cwd=LAYOUT.root,
        env=os.environ
        | {
            "PYTHONPATH": str(LAYOUT.quantization),
            "PYTEST_ADDOPTS": "",  # of the run that this test is in
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take a second to import
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout
    assert " 5 passed" in tried.stdout
