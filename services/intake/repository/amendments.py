"""What reporters said after sending."""

from typing import Final

from shared.database import Connection
from shared.events import ReportAmended

ADD: Final = "insert into amendment (id, report_id, kind, text, at) values ($1, $2, $3, $4, $5)"


async def add(connection: Connection, amended: ReportAmended) -> None:
    await connection.execute(
        ADD, amended.amendment_id, amended.report_id, amended.kind, amended.text.encode(), amended.at
    )
