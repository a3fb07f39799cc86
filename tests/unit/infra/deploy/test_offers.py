"""What the deploy step can mend itself is done only if the person agrees."""

import pytest

from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.errors import AwsError
from infra.deploy.finding import Offer, good, offers_of, warning
from infra.deploy.flow import Flow
from infra.deploy.output import Output
from toolchain.layout import Layout


def flow(*, agrees: bool) -> Flow:
    settings = DeploymentSettings("https://discord.test/api/v10", None, None)
    layout = Layout.of_this_checkout()
    return Flow(Choices(), settings, layout, Output(), confirm=lambda _question: agrees)


@pytest.mark.parametrize("agrees", [True, False])
def test_an_offer_is_carried_out_on_agreement_alone(agrees: bool) -> None:
    done: list[str] = []
    flow(agrees=agrees).carry_out((Offer("Make it?", lambda: done.append("made")),))
    assert done == (["made"] if agrees else [])


def test_a_refused_offer_is_said_and_does_not_stop_the_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        raise AwsError("iam:CreateServiceLinkedRole: AccessDenied")

    flow(agrees=True).carry_out((Offer("Make it?", refuse),))
    assert "Not done: iam:CreateServiceLinkedRole: AccessDenied" in capsys.readouterr().out


def test_findings_without_an_offer_have_none() -> None:
    offer = Offer("Make it?", lambda: None)
    found = [good("a", "is there"), warning("b", "is not", "make it", offer)]
    assert offers_of(found) == (offer,)
