"""What PostgreSQL is asked: its tables (`schema`), functions that run on the server, and statements of its own.

Those that both engines are asked are translated (`translation`).
"""
