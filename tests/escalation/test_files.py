"""Files are for police: what an agency is given of a report has neither a file nor its name in it."""

from uuid import uuid4

import pytest

from services.escalation.domain.directory import Directory, Sees
from services.escalation.domain.views import minimised
from shared.told import Attachment
from tests.builders import classified, report


@pytest.mark.parametrize("everything", [False, True])
def test_no_kind_of_agency_is_told_of_a_file(directory: Directory, everything: bool):
    photo = Attachment(id=uuid4(), name="gate.jpg", media_type="image/jpeg", size=1, sha256="e3b0c442")
    event = classified(report(attachments=(photo,)))
    assert directory.kinds
    for rule in directory.kinds:
        rule = rule.model_copy(update={"sees": tuple(Sees)}) if everything else rule
        seen = str(minimised(event, rule))
        assert not [told for told in (photo.name, str(photo.id), photo.sha256, "attachments") if told in seen]
