"""Options that several commands share, so that one means and says the same everywhere."""

from typing import Annotated

import typer

As = Annotated[str, typer.Option("--as", help="Mã người, hoặc chức năng@cấp như officer@district · person code, or function@level")]
Json = Annotated[bool, typer.Option("--json", help="Kết quả dạng JSON · print JSON")]
Data = Annotated[list[str] | None, typer.Option("--data", "-d", help="tên=giá trị, lặp lại được · field=value, repeatable")]
Reason = Annotated[str | None, typer.Option("--reason", help="Lý do · reason")]
CommandId = Annotated[str | None, typer.Option("--command-id", help="Mã lệnh để gửi lại không bị trùng · idempotency key")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Xem trước, không ghi · preview, write nothing")]
DocumentNo = Annotated[str, typer.Option("--document-no", help="Số văn bản · number of the paper")]
MaybeDocumentNo = Annotated[str | None, typer.Option("--document-no", help="Số văn bản · number of the paper")]
