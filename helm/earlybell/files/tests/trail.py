"""The trail answers, has its tables and takes a record, which is not kept."""

import os
import sys

import psycopg

ROW = ("helm-test", 0)
try:
    with psycopg.connect(os.environ["EARLYBELL_TRAIL"], connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('trail_chain')").fetchone() == (None,):
            connection.execute("CREATE TABLE trail_helm_test (writer TEXT)")  # the first start will make the tables
        else:
            connection.execute("INSERT INTO trail_chain VALUES (%s, %s, '', '')", ROW)
            connection.execute("INSERT INTO trail_payload VALUES (%s, %s, '', '', NULL, NULL, NULL)", ROW)
        connection.rollback()
except psycopg.Error as error:
    sys.exit(f"The trail cannot be written: {error} Look at trail.address, earlybell-trail and the role's rights.")
print("The trail can be written.")
