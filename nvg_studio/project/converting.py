"""A document with content of another tokenizer, encoded again from its picture; layout, locks and names stay."""

from dataclasses import replace

import numpy as np

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import TokenizerId
from nvg_studio.project.document import Document, pushed


def convert_content(
    document: Document, sequence: GranularitySequence, result: GranularitySequence, tokenizer: TokenizerId, title: str
) -> Document:
    """Document whose tokens are of another tokenizer from now on, as a new step.

    Structure, locks, names and picture stay, and so does what was painted since the last result. The result counts as
    read from the picture: no run of the tokenizer before can be repeated.

    Args:
        sequence: the picture, encoded for the bits of the current sequence.
        result: the same for the bits of the current result.
        tokenizer: what has encoded them.

    Raises:
        SequenceError: they have other bits.
    """
    before = document.snapshot
    for new, old in ((sequence, before.sequence), (result, before.result)):
        if not np.array_equal(new.bits, old.bits):
            raise SequenceError("The content was made for another layout than the document has. Convert it once more.")
    after = replace(before, sequence=sequence, result=result, request=None, tokenizer=tokenizer, title=title)
    return pushed(document, after)
