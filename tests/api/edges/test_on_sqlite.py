"""A disk that is full: said in words, nothing half done, and the same request goes through once there is room."""

import resource
from pathlib import Path

from tests.support.databases import Database
from tests.support.served_house import installed


def test_a_full_disk_is_told_in_words_and_the_same_request_goes_through_when_there_is_room(database: Database, tmp_path: Path):
    with installed(database, tmp_path) as house:
        assert house.register("P1-01", "a").status_code == 201
        pid = house.served.process.pid
        usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # No file of this process grows any further, which is what a full disk does to it.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, usual[1]))
        refused = house.register("P1-02", "b")
        assert refused.status_code == 503, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["retry-after"]
        assert str(tmp_path) not in refused.text
        assert "sqlite" not in refused.text.lower()
        assert house.served.get("/livez").status_code == 200
        assert len(house.ask("GET", "cases").json()["items"]) <= 1
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
        done = house.register("P1-02", "b")
        assert done.status_code == 201, done.text
        assert house.register("P1-02", "b").json() == done.json()
        assert len(house.ask("GET", "cases").json()["items"]) == 2
        assert house.served.get("/readyz").json()["status"] == "ok"
        assert house.served.stop() == 0
