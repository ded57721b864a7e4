"""Logging in, in two ways; profiles and roles."""

import time

import httpx2
import pytest

from tests.legacy_monolith.conftest import LogIn


def test_the_form_leaves_a_cookie_that_opens_the_account(anyone: httpx2.Client) -> None:
    response = anyone.post("/login", data={"username": "ada", "password": "ada-pw"})
    assert response.status_code == 302
    assert response.headers["location"] == f"{anyone.base_url.copy_with(path='/account')}"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("MSESSID=")
    assert set(cookie.split("; ")[1:]) == {"Path=/", "HttpOnly"}

    page = anyone.get("/account")
    assert page.headers["content-type"] == "text/html; charset=iso-8859-1"
    assert "Ada Müller".encode("latin-1") in page.content
    assert "Zürich" in page.text
    assert "privé" in page.text


def test_wrong_credentials_in_the_form_get_a_latin_1_page_with_a_200(
    anyone: httpx2.Client,
) -> None:
    response = anyone.post("/login", data={"username": "ada", "password": "nope"})
    assert response.status_code == 200
    assert "accès refusé".encode("latin-1") in response.content
    assert "set-cookie" not in response.headers


def test_the_form_itself_is_latin_1(anyone: httpx2.Client) -> None:
    page = anyone.get("/login")
    assert page.headers["content-type"] == "text/html; charset=iso-8859-1"
    assert "plaît" in page.text


def test_the_account_without_a_cookie_leads_to_the_form(anyone: httpx2.Client) -> None:
    response = anyone.get("/account", headers={"Host": "old.example"})
    assert response.status_code == 302
    assert response.headers["location"] == "http://old.example/login"


def test_logging_out_clears_the_cookie(anyone: httpx2.Client) -> None:
    anyone.post("/login", data={"username": "ben", "password": "ben-pw"})
    assert anyone.get("/account").status_code == 200
    response = anyone.post("/logout")
    assert response.status_code == 302
    assert "MSESSID=" in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert anyone.get("/account").status_code == 302


def test_the_cookie_is_as_good_as_a_bearer_token(anyone: httpx2.Client) -> None:
    credentials = {"username": "cyn", "password": "cyn-pw"}
    body = anyone.post("/api/v1/login", json=credentials).json()
    assert body["user"]["name"] == "cyn"
    assert time.strptime(body["expires_at"], "%Y-%m-%d %H:%M:%S") > time.localtime()
    for headers in (
        {"Authorization": f"Bearer {body['token']}"},
        {"Cookie": f"MSESSID={body['token']}"},
    ):
        assert anyone.get("/api/v1/users/me", headers=headers).json()["name"] == "cyn"


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_wrong_credentials_in_json_are_an_error_with_a_200(
    anyone: httpx2.Client, name: str
) -> None:
    response = anyone.post("/api/v1/login", json={"username": name, "password": "nope"})
    assert response.status_code == 200
    assert response.json()["error"]["code"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("token", ["", " x", " a.b", " eyJ1aWQiOjF9.c2ln", " é.ü"])
def test_a_token_that_is_none_proves_nothing(anyone: httpx2.Client, token: str) -> None:
    response = anyone.get("/api/v1/users/me", headers={"Authorization": f"Bearer{token}".encode()})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "NOT_AUTHENTICATED"


def test_users_see_each_other(log_in: LogIn) -> None:
    cyn = log_in("cyn")
    user = cyn.get("/api/v1/users/1").json()
    assert user["id"] == "1"
    assert user["name"] == "ada"
    assert set(user["roles"]) == {"admin", "editor"}
    assert cyn.get("/api/v1/users/999").json()["error"]["code"] == "USER_NOT_FOUND"
    assert cyn.get(f"/api/v1/users/{10**30}").status_code == 404


def test_everyone_changes_their_own_profile_and_admins_any(log_in: LogIn) -> None:
    ada, ben, other = log_in("ada"), log_in("user11"), log_in("user12")
    path = f"/api/v1/users/{ben.get('/api/v1/users/me').json()['id']}"
    assert ben.patch(path, json={"city": "Sion"}).json()["city"] == "Sion"
    assert other.patch(path, json={"city": "Bern"}).status_code == 403
    changed = ada.patch(path, json={"display_name": "Ünal", "email": "u@example"}).json()
    assert (changed["display_name"], changed["email"], changed["city"]) == (
        "Ünal",
        "u@example",
        "Sion",
    )
    assert ben.patch(path, json={"email": 7}).json()["error"]["fields"].keys() == {"email"}


def test_what_people_call_themselves_is_escaped_on_the_page(log_in: LogIn) -> None:
    client = log_in("user13")
    me = client.get("/api/v1/users/me").json()["id"]
    client.patch(f"/api/v1/users/{me}", json={"display_name": "<b>Ω</b>"})
    page = client.get("/account").content
    assert b"&lt;b&gt;&#937;&lt;/b&gt;" in page


def test_only_admins_list_users_and_set_roles(log_in: LogIn) -> None:
    ada, ben = log_in("ada"), log_in("ben")
    assert ben.get("/api/v1/users").status_code == 403
    assert ben.put("/api/v1/users/3/roles", json={"roles": ["admin"]}).status_code == 403
    assert ada.get("/api/v1/users").json()["total"] == "23"
    admins = ada.get("/api/v1/users", params={"role": "admin"}).json()
    assert [user["name"] for user in admins["items"]] == ["ada"]

    user = ada.get("/api/v1/users?role=editor").json()["items"][-1]
    changed = ada.put(f"/api/v1/users/{user['id']}/roles", json={"roles": ["reader"]})
    assert changed.json()["roles"] == ["reader"]
    again = log_in(user["name"])
    refused = again.post("/api/v1/datasets", json={"name": "x", "kind": "table"})
    assert refused.status_code == 403
    assert ada.put("/api/v1/users/3/roles", json={"roles": ["king"]}).status_code == 422
