"""An execution environment, which LocalStack starts, invokes one event at a time, and stops.

    INIT    the process is started and loads the function, within INIT_SECONDS
    INVOKE  an event is passed in and a response comes back; a process that timed out or has ended
            is replaced at the next event, whose INIT then counts as part of the invocation
    STOP    the process is killed and the environment's private folder is removed

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import logging
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from localstack import config as localstack_config
from localstack.aws.api.lambda_ import PackageType
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.clock.sources import INVOCATIONS
from ecs_fleet_emulator.errors import InitError, ProcessExitedError
from ecs_fleet_emulator.experiments.invocation_faults import FAULTS

from . import outcomes
from .debugging import SECONDS as DEBUGGED_SECONDS
from .debugging import Debugger, debugger_of
from .environment import fingerprint, variables
from .outcomes import Outcome, Usage
from .process import FunctionProcess
from .runtime_api import Invocation
from .runtimes import Runtime, runtime_of

LOG = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
INIT_SECONDS = 10.0


class ProcessRuntimeExecutor(RuntimeExecutor):  # type: ignore[misc]  # untyped base
    """Runs one execution environment as one process at a time."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002  # the base's name
        super().__init__(id=id, function_version=function_version)
        self._config = function_version.config
        self._folder: Path = self._config.code.get_unzipped_code_location()
        self._hot_reload: bool = self._config.code.is_hot_reloading()
        self._variables: dict[str, str] = {}
        self._scratch: Path | None = None
        self._runtime: Runtime | None = None
        self._process: FunctionProcess | None = None
        self._fingerprint = ""
        self._name: str = function_version.id.function_name
        self._debugger: Debugger | None = None
        self._init_error: InitError | None = None
        self._init_ms: float | None = None
        self._max_memory_mb = 0
        self._recent_log = ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Write the code to the disk; fails for a version that cannot run as a process."""
        config = function_version.config
        if config.package_type != PackageType.Zip:
            raise LambdaRuntimeException("a container image cannot run as a process")
        runtime_of(config.runtime, os.environ)
        config.code.prepare_for_execution()
        for layer in config.layers:
            layer.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing to do: LocalStack removes the code itself."""

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process. An InitError is kept as the outcome of the first invocation."""
        self._runtime = runtime_of(self._config.runtime, os.environ)
        self._scratch = Path(tempfile.mkdtemp(prefix="lambda-"))
        self._variables = variables(
            env_vars,
            self._config.environment or {},
            runtime=self._runtime,
            task_root=self._folder,
            layers=[layer.code.get_unzipped_code_location() for layer in self._config.layers],
            scratch=self._scratch,
            writes_bytecode=not self._hot_reload,
        )
        try:
            self._initialise(INIT_SECONDS)
        except InitError as error:
            self._init_error = error
        except (ProcessExitedError, TimeoutError) as error:
            LOG.info("the initialisation of %s is repeated after %r", self._config.handler, error)

    def stop(self) -> None:
        """Kill the process and remove its folder."""
        self._kill()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def invoke(self, payload: dict[str, str], **_of_localemu: object) -> InvocationResult:
        """Process one event."""
        request_id = payload["invoke-id"]
        edited = self._hot_reload and fingerprint(self._folder) != self._fingerprint
        if edited or debugger_of(self._name) != self._debugger:
            self._init_error = None
            self._kill()
        started = time.perf_counter()
        INVOCATIONS.running[request_id] = self._name
        try:
            outcome = self._outcome(payload, request_id)
        finally:
            del INVOCATIONS.running[request_id]
        duration_ms = (time.perf_counter() - started) * 1000
        if outcome.ends_process:
            self._kill()
        logs = self._log(request_id, outcome, duration_ms)
        answer = outcome.payload
        if outcome.is_error and not self._hot_reload:
            answer = outcomes.with_task_root(answer, self._folder)
        return InvocationResult(request_id, answer, is_error=outcome.is_error, logs=logs)

    def get_logs(self) -> str:
        return self._recent_log

    def get_address(self) -> str:
        return LOOPBACK

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self) -> str:
        return f"http://{LOOPBACK}"

    def _outcome(self, payload: dict[str, str], request_id: str) -> Outcome:
        timeout = DEBUGGED_SECONDS if debugger_of(self._name) else self._config.timeout
        deadline = time.monotonic() + timeout
        try:
            if self._init_error is not None:
                raise self._init_error
            process = self._process
            if process is None or not process.alive:
                process = self._initialise(timeout)
            arn = payload["invoked-function-arn"]
            struck = FAULTS.striking(self.function_version.id.unqualified_arn())
            fails = next((fault for fault in struck if fault.fails), None)
            if fails is not None and not fails.is_run:
                return outcomes.injected_error()
            if delay := sum(fault.delay_seconds for fault in struck):
                time.sleep(min(delay, timeout))
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            invocation = Invocation(
                request_id=request_id,
                function_arn=arn,
                trace_id=payload["trace-id"],
                payload=payload["payload"].encode(),
                deadline_ms=int((time.time() + left) * 1000),
            )
            outcome = process.api.invoke(invocation).result(left)
            return outcomes.injected_error() if fails is not None else outcome
        except InitError as error:
            self._init_error = None
            return Outcome(error.payload, is_error=True, status="error", ends_process=True)
        except ProcessExitedError as error:
            return outcomes.exited(request_id, error.return_code)
        except TimeoutError:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return outcomes.timed_out(request_id, timeout, now)

    def _initialise(self, timeout: float) -> FunctionProcess:
        """Start a process and wait until it requests its first event.

        Raises:
            InitError: it could not load the function.
            ProcessExitedError: it ended.
            TimeoutError: it took too long, and is killed.
        """
        started = time.perf_counter()
        if self._hot_reload:
            self._fingerprint = fingerprint(self._folder)
        self._debugger = debugger_of(self._name)
        variables = self._variables | (self._debugger.variables if self._debugger else {})
        variables |= CLOCK.variables()
        if self._debugger:
            timeout = DEBUGGED_SECONDS
        assert self._runtime is not None  # noqa: S101  # by `start`
        process = FunctionProcess(
            self._runtime,
            self._config.handler,
            self._folder,
            variables,
            int(localstack_config.LAMBDA_LIMITS_MAX_FUNCTION_PAYLOAD_SIZE_BYTES),
        )
        self._process = process
        try:
            process.api.initialised.result(timeout)
        except TimeoutError:
            process.kill()
            raise
        self._init_ms = (time.perf_counter() - started) * 1000
        return process

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _log(self, request_id: str, outcome: Outcome, duration_ms: float) -> str:
        output = ""
        if self._process is not None:
            output = self._process.output.take()
            self._max_memory_mb = max(self._max_memory_mb, self._process.memory_mb())
        usage = Usage(duration_ms, self._config.memory_size, self._max_memory_mb, self._init_ms)
        self._init_ms = None
        version = self.function_version.id.qualifier
        self._recent_log = outcomes.invocation_log(
            request_id, version, output + outcome.log, usage, outcome.status
        )
        return self._recent_log
