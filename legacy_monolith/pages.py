"""The two pages for people, in Latin-1, as they have been since 1999."""

import sqlite3
from html import escape

from starlette.responses import Response

CHARSET = "iso-8859-1"

PAGE = """<!DOCTYPE html>
<html>
<head><meta charset="iso-8859-1"><title>{title} · Datenhaus Zürich</title></head>
<body>
<h1>{title}</h1>
{content}
<p><small>© Datenhaus Zürich, Genève, Málaga</small></p>
</body>
</html>
"""
LOGIN = """<p>{message}</p>
<form method="post" action="/login">
<label>Nom d'utilisateur <input name="username"></label>
<label>Mot de passe <input name="password" type="password"></label>
<button>Se connecter</button>
</form>"""
ACCOUNT = """<p>Grüezi, {display_name}! Voilà vos données, où que vous soyez.</p>
<dl>
<dt>Name</dt><dd>{name}</dd>
<dt>E-Mail</dt><dd>{email}</dd>
<dt>Città</dt><dd>{city}</dd>
</dl>
<form method="post" action="/logout"><button>Déconnexion</button></form>"""


def login_page(message: str = "Identifiez-vous, s'il vous plaît.") -> Response:
    """Show the form to log in with, below a message."""
    return _page("Accès", LOGIN.format(message=escape(message)))


def account_page(user: sqlite3.Row) -> Response:
    """Show a user's account."""
    names = ("display_name", "name", "email", "city")
    return _page("Mon compte privé", ACCOUNT.format(**{name: escape(user[name]) for name in names}))


def _page(title: str, content: str) -> Response:
    html = PAGE.format(title=title, content=content)
    # What Latin-1 does not have is written as a character reference.
    body = html.encode(CHARSET, "xmlcharrefreplace")
    return Response(body, media_type=f"text/html; charset={CHARSET}")
