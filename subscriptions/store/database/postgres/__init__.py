"""What is special to PostgreSQL: a server that locks row by row, its first schema, its errors, its text search.

psycopg is imported by SQLAlchemy, and only when the address of the database says so.
"""
