"""The page in the browser: a second front end over `operations` and `messages`, on this machine only.

server.py     uvicorn on a loopback socket; its limits
guard.py      what every request passes: host, session or token, origin, sizes, and the headers of every answer
sessions.py   one-time links, session cookies, tokens against forged requests
app.py        the routes, and how an error is said
site.py       what all of them work with
pages.py      what a browser gets: templates/ with the values of `messages.pages.screens`
api.py        the same values as JSON; `openapi.json` describes it
actions.py    what can be done, whether a form or JSON asks for it
events.py     what goes on, as it happens (server-sent events)
upload.py, downloads.py   the next list; results, report, rejects
"""
