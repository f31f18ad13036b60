"""Which directory a typed name belongs to, by its form."""

from hypothesis import given
from hypothesis import strategies as st

from broker.model.login_forms import Route, find_routes, read_form, why_not, write_form

CITY = ["{login}", "HINODE\\{login}"]
SCHOOLS = ["{login}@edu.hinode.example", "EDU\\{login}"]


def test_a_name_goes_to_the_directory_with_the_closest_form_alone() -> None:
    forms = [CITY, SCHOOLS]
    assert find_routes(forms, "yamada") == [Route(0, "yamada")]
    assert find_routes(forms, "yamada@edu.hinode.example") == [Route(1, "yamada")]
    assert find_routes(forms, "EDU\\yamada") == [Route(1, "yamada")]
    assert find_routes(forms, "HINODE\\yamada") == [Route(0, "yamada")]
    # Another suffix is nobody's form: it is a name like any other, which may be a UPN.
    assert find_routes(forms, "yamada@hinode.example") == [Route(0, "yamada@hinode.example")]


def test_upper_and_lower_case_of_a_form_are_alike_and_the_name_stays_as_typed() -> None:
    assert find_routes([SCHOOLS], "Yamada@EDU.Hinode.example") == [Route(0, "Yamada")]


def test_directories_with_the_same_form_are_asked_in_their_order() -> None:
    assert find_routes([CITY, SCHOOLS, CITY], "yamada") == [Route(0, "yamada"), Route(2, "yamada")]


def test_a_name_in_nobodys_form_goes_nowhere() -> None:
    assert find_routes([SCHOOLS], "yamada") == []
    assert find_routes([SCHOOLS], "@edu.hinode.example") == []
    assert find_routes([["a{login}a"]], "a") == []


def test_what_cannot_be_a_form_is_said() -> None:
    assert why_not("{login}@edu") is None
    assert "exactly once" in str(why_not("@edu"))
    assert "exactly once" in str(why_not("{login}{login}"))
    assert "space" in str(why_not("{login} edu"))
    assert "control" in str(why_not("{login}\u202eude"))
    assert "100" in str(why_not("{login}" + "x" * 100))


@given(st.text(min_size=1), st.text(), st.text())
def test_what_is_written_in_a_form_is_read_from_it(login: str, head: str, tail: str) -> None:
    form = f"{head}{{login}}{tail}"
    if form.count("{login}") == 1 and "{login}" not in login:
        assert read_form(form, write_form(form, login)) == login
