"""What every table class is made from."""

import sqlalchemy as sa
from sqlmodel import SQLModel

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Table(SQLModel):
    """Root of the table classes; their metadata is this product's own, so nothing else declared with SQLModel gets into a migration."""

    metadata = metadata
