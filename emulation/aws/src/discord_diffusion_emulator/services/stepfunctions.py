"""LocalStack's Step Functions: a state machine says whether X-Ray traces it."""

from typing import Any

from localstack.services.stepfunctions.backend.state_machine import StateMachineInstance
from localstack.services.stepfunctions.provider import StepFunctionsProvider
from localstack.utils.patch import patch


def mend() -> None:
    """Correct LocalStack's Step Functions. Called once."""

    @patch(StateMachineInstance.describe)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _describe(original: Any, self: Any) -> Any:
        """AWS answers with the tracing configuration that it was given, off if with none."""
        return {"tracingConfiguration": self.tracing_config or {"enabled": False}} | original(self)

    @patch(StepFunctionsProvider.update_state_machine)  # type: ignore[untyped-decorator]  # as above
    def _update(
        original: Any, self: Any, context: Any, state_machine_arn: str, **given: Any
    ) -> Any:
        """LocalStack forgets a new tracing configuration, and refuses one that comes alone."""
        machine = self.get_store(context).state_machines.get(state_machine_arn)
        tracing = given.get("tracing_configuration")
        if machine is not None and tracing:
            machine.tracing_config = tracing
            if not any(given.get(name) for name in _CHANGES):
                given["role_arn"] = machine.role_arn
        return original(self, context, state_machine_arn, **given)


_CHANGES = ("definition", "role_arn", "logging_configuration")
