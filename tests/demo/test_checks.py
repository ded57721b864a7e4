from demo.checks import Check, Checks


def check(*, held: bool) -> Check:
    return Check("a chapter", "a claim", held, "")


def test_a_story_without_claims_does_not_hold() -> None:
    assert not Checks().held


def test_a_story_holds_if_every_claim_held() -> None:
    assert Checks([check(held=True), check(held=True)]).held


def test_one_claim_that_did_not_hold_breaks_the_story() -> None:
    assert not Checks([check(held=True), check(held=False)]).held
