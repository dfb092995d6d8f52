"""The page in the browser: a second front end over `operations` and `messages`, on this machine only.

server.py     uvicorn on a loopback socket; its limits
app.py        the routes
guard.py      what every request passes: host, session or token, origin, sizes, and the headers of every answer
sessions.py   one-time links, session cookies, tokens against forged requests
pages.py      what a browser gets: templates/ with the values of `messages.pages.serve`
api.py        the same values as JSON; what a form does and what JSON does is the same
events.py     what goes on, as it happens (server-sent events)
"""
