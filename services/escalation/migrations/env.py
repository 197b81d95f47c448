from services.escalation.models import Table
from shared.migrations import upgrade

upgrade(Table.metadata)
