"""The person's environment: what of it reaches the programs of the rig.

Settings that a person's shell has for other programs (an AWS profile, Terraform's arguments, a
proxy, Python's paths) change nothing here.
"""

import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from emulation.rig.loopback import keep_loopback_off_proxies

_FOREIGN = re.compile(r"(AWS|BOTO)_.*|TF_(VAR|CLI_ARGS|LOG).*|TF_(WORKSPACE|DATA_DIR)")
"""Variables of boto3 and of Terraform: the rig's account, module and state are its own."""
_NO_FILES = dict.fromkeys(
    ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"), os.devnull
)
_OF_PROCESSES = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LC_.*|XDG_.*|(DY)?LD_.*|OMP_.*|CUDA_.*|NVIDIA_.*"
    r"|DISCORD_DIFFUSION_.*"
)
"""Variables that every process of the rig inherits."""
_OF_PYTHON = "PYTHONPATH"
_OF_TASKS = (_OF_PYTHON, "HOME", "XDG_CACHE_HOME", "CUDA_VISIBLE_DEVICES", "OMP_WAIT_POLICY")
_OF_DOWNLOADS = re.compile(
    r"HF_.*|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE", re.IGNORECASE
)
"""Variables of a worker that downloads a model."""
_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def separate(environment: MutableMapping[str, str]) -> None:
    """Remove from a process's environment what is the person's for boto3 and Terraform."""
    for name in [one for one in environment if _FOREIGN.fullmatch(one)]:
        del environment[name]
    for name in _FILES:
        if not Path(environment.get(name, os.devnull)).exists():
            del environment[name]
    environment.update(_NO_FILES)
    keep_loopback_off_proxies(environment)


def of_processes(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the rig's, from that of the person."""
    own = {name: value for name, value in given.items() if _OF_PROCESSES.fullmatch(name)}
    if _OF_PYTHON in given and not sys.flags.ignore_environment:
        own[_OF_PYTHON] = given[_OF_PYTHON]
    keep_loopback_off_proxies(own)
    # By default the threads of torch's OpenMP spin while they wait for each other. Where something
    # else wants their processors, four pictures then take a minute instead of a second.
    # https://gcc.gnu.org/onlinedocs/libgomp/OMP_005fWAIT_005fPOLICY.html
    own.setdefault("OMP_WAIT_POLICY", "passive")
    return own | _NO_FILES | {"PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"}


def of_tasks(given: Mapping[str, str]) -> dict[str, str]:
    """What a task inherits beside the variables of its definition: also what downloads need."""
    own = {name: value for name, value in of_processes(given).items() if name in _OF_TASKS}
    downloads = {name: value for name, value in given.items() if _OF_DOWNLOADS.fullmatch(name)}
    keep_loopback_off_proxies(downloads)
    return own | downloads
