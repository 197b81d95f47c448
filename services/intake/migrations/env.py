from services.intake.models import Table
from shared.migrations import upgrade

upgrade(Table.metadata)
