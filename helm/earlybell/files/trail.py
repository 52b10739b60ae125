"""Make the trail's tables as their owner, and let the role of EARLYBELL_TRAIL only read and add."""

import os
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from earlybell.trail.stores import connect

address = urlsplit(os.environ["EARLYBELL_TRAIL"])
place = address.netloc.rpartition("@")[2]
owner = urlunsplit(address._replace(netloc=f"{quote(os.environ['EARLYBELL_TRAIL_OWNER'], safe='')}@{place}"))
role = '"' + unquote(address.username or "").replace('"', '""') + '"'

with connect(owner, create=True) as store:
    store.execute(f"GRANT SELECT ON trail_format TO {role}")
    store.execute(f"GRANT SELECT, INSERT ON trail_chain, trail_payload TO {role}")
print(f"The trail is there, and {role} may read and add.")
