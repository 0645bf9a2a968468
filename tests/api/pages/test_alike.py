"""Names that can be taken for one another are told in words where somebody chooses; nothing of what lies elsewhere is told with them."""

from tests.support.identity import House
from tests.support.pages import Page, look
from workflow.rows import PersonRow, ProductRow

CYRILLIC = "C\u0430 phê Suối Mơ"


def products(house: House) -> None:
    rows = [
        ProductRow(code="CF-1", name="Cà phê Suối Mơ", group="beverage", producer="P1", unit="X1"),
        ProductRow(code="CF-2", name=CYRILLIC, group="beverage", producer="P1", unit="X1"),
        ProductRow(code="CF-3", name="CÀ PHÊ  SUỐI MƠ", group="beverage", producer="P1", unit="X1"),
        ProductRow(code="CF-4", name="Ca phê suối mơ", group="beverage", producer="P2", unit="X2"),
    ]
    house.world.store.save_registry(products=rows)


def beside(page: Page, product: str) -> str:
    """What the list says of a product."""
    whole = page.source.partition(f'product={product}"')[2]
    return " ".join(whole.partition("</li>")[0].split())


def test_a_product_is_chosen_knowing_of_its_namesakes_and_of_letters_that_only_look_like_ours(house: House):
    products(house)
    browser = house.enter("producer-P1")
    page = look(browser, "/cases/new?q=ca+phe+suoi")
    assert "Trùng tên với: CÀ PHÊ  SUỐI MƠ" in beside(page, "CF-1").replace("PHÊ SUỐI", "PHÊ  SUỐI")
    assert f"Tên viết gần giống: {CYRILLIC}" in beside(page, "CF-1")
    assert "có chữ không thuộc bảng chữ cái tiếng Việt: “\u0430”" in beside(page, "CF-2")
    assert "CF-4" not in page.source, "what another producer calls theirs is told to nobody who may not see it"
    for place in ("/cases/new?product=CF-2", "/cases/new?product=CF-1"):
        assert "Tên viết gần giống" in look(browser, place).text
    assert "Đề nghị xem lại" in look(browser, "/cases/new?product=CF-2").text
    assert "Đề nghị xem lại" not in look(browser, "/cases/new?product=CF-1").text
    assert "Tên viết gần giống" not in look(browser, "/cases/new?product=P1-07").text


def test_what_was_typed_with_its_marks_is_found_first(house: House):
    products(house)
    browser = house.enter("producer-P1")
    found = [link for link in look(browser, "/cases/new?q=cà+phê").links if "product=CF" in link]
    assert found[-1].endswith("CF-2"), "the one that only looks like it comes last"
    assert len(found) == 3


def test_a_case_whose_name_is_doubtful_says_so_on_its_page_and_in_the_lists(house: House):
    products(house)
    case = house.world.registered("CF-2", by="producer-P1")
    browser = house.enter("producer-P1")
    assert "có chữ không thuộc bảng chữ cái tiếng Việt: “\u0430”" in look(browser, f"/cases/{case}").text
    assert "xem lại cách viết tên" in look(browser, "/cases").text
    assert "xem lại cách viết tên" in look(browser, "/work?scope=all").text
    plain = house.world.registered("P1-01")
    assert "xem lại" not in look(browser, f"/cases/{plain}").text.replace("xem lại trước", "")


def test_a_slip_is_given_knowing_that_somebody_else_has_the_same_name(house: House):
    world = house.world
    world.store.save_registry(
        people=[
            PersonRow(code="n1", name="Nguyễn Thị Hòa", email=None, phone=None),
            PersonRow(code="n2", name="Nguyễn Thị Hoà", email=None, phone=None),
        ]
    )
    for code in ("n1", "n2"):
        world.appoint(code, "producer", "commune", "X1", producer="P1")
    page = look(house.enter("officer-VS"), "/people?q=nguyen+thi+hoa")
    assert page.text.count("Trùng tên với: Nguyễn Thị H") == 2
    assert "mã n2" in page.text
