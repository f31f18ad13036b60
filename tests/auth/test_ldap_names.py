"""Filters and names of a directory, whatever is written into them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.ldap_names import common_name_of, fill_filter, is_under

anything = st.text(st.characters(exclude_categories=["Cs"]))


@given(anything)
def test_a_value_never_changes_the_shape_of_a_filter(login: str) -> None:
    filled = fill_filter("(&(objectClass=person)(uid={login}))", {"login": login, "dn": "x"})
    value = filled.removeprefix("(&(objectClass=person)(uid=").removesuffix("))")
    assert not set(value) & set("()*\0")
    assert re.sub(r"\\([0-9a-f]{2})", lambda octet: chr(int(octet[1], 16)), value) == login


def test_a_value_that_reads_like_a_place_stays_text() -> None:
    assert fill_filter("(|(uid={login})(member={dn}))", {"login": "{dn}", "dn": "*"}) == "(|(uid={dn})(member=\\2a))"


@pytest.mark.parametrize(
    "dn,name",
    [
        ("cn=telework,ou=groups,dc=jp", "telework"),
        ("CN=情報政策課,OU=groups", "情報政策課"),
        ("cn=\\E6\\83\\85\\E5\\A0\\B1,ou=groups", "情報"),
        ("cn=係長\\, 市民課,ou=groups", "係長, 市民課"),
        ("cn=a\\2Cb,ou=groups", "a,b"),
        ("ou=x+cn=both,dc=jp", "both"),
        ("ou=groups,cn=inner,dc=jp", None),
        ("gidNumber=5,cn=inner", None),
        ("not a name", None),
        ("", None),
    ],
)
def test_the_name_of_a_group_is_its_first_components_cn(dn: str, name: str | None) -> None:
    assert common_name_of(dn) == name


@pytest.mark.parametrize(
    "dn,base,lies_there",
    [
        ("cn=a,ou=groups,dc=jp", "ou=groups,dc=jp", True),
        ("CN=a, OU=Groups, DC=jp", "ou=groups,dc=jp", True),
        ("cn=a,ou=groups,dc=jp,dc=evil", "ou=groups,dc=jp", False),
        ("cn=ou\\=groups\\,dc\\=jp,dc=evil", "ou=groups,dc=jp", False),
        ("cn=a,ou=othergroups,dc=jp", "ou=groups,dc=jp", False),
        ("cn=a", "", False),
        ("rubbish", "ou=groups", False),
    ],
)
def test_only_what_lies_under_the_base_counts(dn: str, base: str, lies_there: bool) -> None:
    assert is_under(dn, base) is lies_there
