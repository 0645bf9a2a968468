"""The SQL that both databases share, built once from the shapes. Parameters are written ``?``; :func:`numbered` turns them for psycopg."""

from functools import lru_cache

from workflow.store.mapping import CASE, ENTRY, SUBJECTS, TERM, Shape


@lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """The same statement with psycopg's placeholders. None of ours contains a literal ``?`` or ``%``."""
    return sql.replace("?", "%s")


def marks(count: int) -> str:
    """``?,?,…``."""
    return ",".join("?" * count)


def insert(shape: Shape) -> str:
    """Insert of one row."""
    return f"INSERT INTO {shape.table}({shape.names()}) VALUES({marks(len(shape.columns))})"


def upsert(shape: Shape) -> str:
    """Insert of one row, or replacement of everything but its key."""
    return f"{insert(shape)} {replacing(shape)}"


def replacing(shape: Shape) -> str:
    """What stands behind an insert, so that a row which is there is replaced but for its key."""
    rest = [c for c in shape.columns if c not in shape.key]
    action = "DO UPDATE SET " + ",".join(f"{c}=excluded.{c}" for c in rest) if rest else "DO NOTHING"
    return f"ON CONFLICT({','.join(shape.key)}) {action}"


def swap(shape: Shape, columns: tuple[str, ...]) -> str:
    """Compare-and-set of ``columns`` on the head that the change was computed from."""
    return f"UPDATE {shape.table} SET {','.join(f'{c}=?' for c in columns)} WHERE code=? AND version=? AND head_seq=?"  # noqa: S608


INSERT_OUTBOX = "INSERT INTO outbox(subject,seq,leaf_hash) VALUES(?,?,?)"
CLOSE_TERM = "UPDATE term SET status=? WHERE id=? AND status='running'"
MEET_TERM = "UPDATE term SET status=? WHERE id=? AND status IN ('running','passed')"
"""An act on paper may have met in time what the system has recorded as passed since."""

END_RUNGS = "UPDATE rung SET state='cancelled' WHERE duty=? AND state='planned'"
PASS_RUNGS = f"{END_RUNGS} AND at<due_at"
"""What was still planned before a cut-off that has passed; what comes after it goes to the office above."""

EPOCH = "SELECT epoch FROM registry WHERE id=1"

KEYED = "kind='case' AND command>='http:' AND command<'http;'"
"""Entries on cases by a command that was made from a person's own key, of which there is one whatever it concerns."""
_OF_KEY = f"FROM history WHERE command=? AND {KEYED}"
USED_FOR = f"SELECT subject {_OF_KEY} UNION ALL SELECT '' FROM http_answer WHERE command=?"  # noqa: S608
_ANSWERED = "EXISTS(SELECT 1 FROM http_answer WHERE command"

_LOADED = (
    f"SELECT {CASE.names('c.')},(SELECT h.seq FROM history h WHERE h.subject=c.code AND h.command=?),USED,"  # noqa: S608
    f"{TERM.names('t.')} FROM case_file c LEFT JOIN term t ON t.case_code=c.code AND t.status='running'"
)
LOAD_CASE = f"{_LOADED} WHERE c.code=?".replace("USED", f"(EXISTS(SELECT 1 {_OF_KEY}) OR {_ANSWERED}=?))")
LOAD_CASES = (
    f"SELECT {CASE.names()} FROM case_file WHERE code IN LIST ORDER BY code",  # noqa: S608
    f"SELECT {TERM.names()} FROM term WHERE case_code IN LIST AND status='running'",  # noqa: S608
)
"""Cases, and their running terms in any order: read at one moment, and apart, because beside its terms each case would be read once for every one.
``IN LIST`` stands for each database's own way of testing against one parameter that holds many codes."""
ANSWERED = "SELECT 1 FROM http_answer WHERE command IN LIST LIMIT 1"

SHOWN_CASES = (
    f"SELECT {CASE.names('c.')},p.name,o.name,{TERM.names('t.')} FROM case_file c LEFT JOIN product p ON p.code=c.product"  # noqa: S608
    " LEFT JOIN producer o ON o.code=c.producer LEFT JOIN TERMS WHERE c.code IN LIST ORDER BY c.code,t.id"
)
"""Whole cases for people; ``TERMS`` stands for each database's own way of going from a case to its terms."""

TERMS_OF_CASE = "t.id>c.code||':' AND t.id<c.code||';' AND t.case_code=c.code"
"""Ids of terms begin with the case's code, so that the primary key finds those that no longer run as well."""

DUE_TERMS = (
    f"SELECT {TERM.names()} FROM term WHERE status='running' AND due_at<=? AND (not_before IS NULL OR not_before<=?)"  # noqa: S608
    " ORDER BY due_at,id LIMIT ?"
)
POSTPONE = "UPDATE term SET attempts=attempts+1,not_before=? WHERE id=? AND status='running' RETURNING attempts"
NEXT_NUMBER = "INSERT INTO counter(scope,value) VALUES(?,1) ON CONFLICT(scope) DO UPDATE SET value=counter.value+1 RETURNING value"
SET_META = "INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value"
BUMP_EPOCH = "UPDATE registry SET epoch=epoch+1 WHERE id=1 RETURNING epoch"

ENTRIES = f"SELECT {ENTRY.names()} FROM history"  # noqa: S608
LEAVES = "SELECT log_seq,subject,seq,leaf_hash FROM log_leaf ORDER BY log_seq"
HEADS = (
    " UNION ALL ".join(f"SELECT code,head_seq,head_hash FROM {shape.table}" for shape in SUBJECTS.values())  # noqa: S608
    + " ORDER BY 1"
)
# The newest entries are the last ones taken up by the log and the last ones waiting for it; a scan of the history would find no later one.
LAST_RECORDED = (
    "SELECT max(h.recorded_at) FROM history h JOIN ("
    "SELECT subject,seq FROM (SELECT subject,seq FROM outbox ORDER BY id DESC LIMIT 64) w"
    " UNION ALL SELECT subject,seq FROM (SELECT subject,seq FROM log_leaf ORDER BY log_seq DESC LIMIT 64) l"
    ") n ON h.subject=n.subject AND h.seq=n.seq"
)
OLDEST_WAITING = "SELECT id,subject,seq,leaf_hash FROM outbox ORDER BY id LIMIT ?"
INSERT_LEAF = "INSERT INTO log_leaf(log_seq,subject,seq,leaf_hash) VALUES(?,?,?,?)"
LOG_HEAD = "SELECT size,frontier,root FROM log_head WHERE id=1"
MOVE_LOG_HEAD = "UPDATE log_head SET size=?,frontier=?,root=? WHERE id=1"
