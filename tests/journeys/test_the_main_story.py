"""Ana goes home after a treatment; what she texts reaches Noor. The story that the README tells."""

from datetime import timedelta

from tests.town import A_TUESDAY, Town


def test_the_story_of_the_readme(any_town: Town) -> None:
    town = any_town
    ana, noor = town.enrol_patient(), town.phone_of(town.noor)
    phone = town.phone_of(ana)
    town.settle()
    assert "automated check-ins" in phone.news[0]

    planned = town.treat(ana).check_ins
    assert [check_in.name for check_in in planned][:3] == ["same_day", "day_1", "day_3"]

    town.wait(hours=4, minutes=1)
    assert "home safe?" in phone.news[0]
    phone.texts("1")

    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1))
    assert "How is your mood today?" in phone.news[-1]

    phone.texts("mood 3 pain 8")
    assert "Our team will follow up" in phone.news[-1]

    phone.texts("I don't want to be here anymore")
    assert "Call or text 988 now" in phone.news[-1]
    page = noor.news[-1]
    [case] = town.cases()
    assert f"ASAP case {case.number}." in page

    noor.texts(f"ACK {case.number}")
    assert f"Case {case.number} is yours" in noor.news[-1]
    [case] = town.cases()
    assert case.state == "acknowledged"
