"""Somebody is new at the city hall: the desk finds them before their first sign-in, and loses them when they go."""

import pytest

from sekisho.demo.ldif import PEOPLE_DN
from tests.flows.city import City
from tests.flows.test_leavers import change_directory

pytestmark = [pytest.mark.real, pytest.mark.timeout(200)]
NEWCOMER = "p97701"
NEWCOMER_DN = f"uid={NEWCOMER},{PEOPLE_DN}"


def people(city: City) -> list[str]:
    return [person["login"] for person in city.ask("directory", "people", "新任")]


def test_somebody_new_is_found_before_their_first_sign_in_and_gone_after_they_left(city: City) -> None:
    assert "directory: ok" in city.sekisho("directory", "sync", "--full").stdout
    listed = city.ask("directory", "status")[0]
    assert (listed["result"], listed["people"] > 100, listed["groups"] > 5) == ("ok", True, True)
    names = "cn: 新任 花子\nsn: 新任\ndisplayName: 新任 花子\n"
    entry = f"dn: {NEWCOMER_DN}\nobjectClass: inetOrgPerson\nuid: {NEWCOMER}\n{names}"
    change_directory(city, "ldapadd", text=entry)
    assert people(city) == []
    assert "directory: ok; 1 added" in city.sekisho("directory", "sync").stdout
    assert people(city) == [NEWCOMER]
    assert NEWCOMER in city.sekisho("user", "list", "新任").stdout
    until = "2099-03-31"
    city.sekisho("approval", "set", NEWCOMER, "--until", until, "--reason", "新任の職員")
    change_directory(city, "ldapdelete", NEWCOMER_DN)
    city.sekisho("directory", "sync", "--full")
    assert people(city) == []
    told = [record["detail"] for record in city.audit("directory.synced")]
    assert [detail.get("gone") for detail in told][:1] == ["1"]
    city.sekisho("approval", "withdraw", NEWCOMER, "--reason", "退職")
