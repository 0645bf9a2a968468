"""The usual way of a dossier through the command line."""

from tests.api.terminal import done

IDEA = ("-d", "kind=first", "-d", "novelty=new", "-d", "group=food", "-d", "origin=own_idea")
NOTICE = ("-d", "document_no=3/TB-UBND", "-d", "document_date={day}")
PLANNED = ("-d", "sections=product,market", "-d", "summary=Nấu thêm hai mẻ một ngày")
DOSSIER = ("-d", "documents=registration_sheet,self_assessment", "-d", "samples=6")
RESULT = ("-d", "mean={mean}", "-d", "report_no=1/BC", "-d", "report_date={day}", "-d", "minutes_no=2/BB", "-d", "minutes_date={day}")
DECISION = ("-d", "decision_no=120/QĐ-UBND", "-d", "decision_date={day}", "-d", "decision_signer=Phó Chủ tịch")
SERVED = ("-d", "published_on={day}", "-d", "served_on={day}")


def filled(words: tuple[str, ...], day: str, mean: str = "80,5") -> list[str]:
    """The words with their day and mean."""
    return [word.format(day=day, mean=mean) for word in words]


def at(moment: str) -> str:
    """Move the rehearsal's clock and return the day."""
    done("rehearsal", "clock", moment)
    return moment[:10]


def filed(product: str, producer: str, *, case: str, begin: str = "2021-02-01T08:00") -> None:
    """From nothing to a dossier that the district has."""
    day = at(begin)
    done("case", "register", product, "--as", producer, *IDEA)
    done("case", "do", case, "select", "--as", "authority@district", *filled(NOTICE, day))
    done("case", "do", case, "submit_plan", "--as", producer, *PLANNED)
    done("case", "do", case, "file", "--as", producer, *DOSSIER)


def certified(product: str, producer: str, *, case: str, mean: str = "80,5") -> None:
    """From nothing to a published certificate, in time for round 1."""
    filed(product, producer, case=case)
    day = at("2021-06-01T08:00")
    done("case", "do", case, "conclude", "--as", "tk-h1", *filled(RESULT, day, mean))
    done("case", "do", case, "forward", "--as", "cb-h1", *filled(NOTICE, day))
    done("case", "do", case, "accept", "--as", "cb-t", "-d", "samples=6")
    day = at("2021-07-20T08:00")
    done("case", "do", case, "conclude", "--as", "tk-t", *filled(RESULT, day, mean))
    done("case", "do", case, "certify", "--as", "tq-t", *filled(DECISION, day))
    done("case", "do", case, "publish", "--as", "cb-t", *filled(SERVED, day))
