"""Two names of a model, both made of what it holds (how: `nvg_studio.model.identity`).

*tokenizer id*   what tokens mean: encoder, codes, refiners, clustering. Documents are of a tokenizer.
*model id*       what a run makes and what its pictures look like: all networks. Run requests, caches and servers name
                 a model. It begins with the id of its tokenizer.

The model's name, its class names and its sampling defaults are in neither. Before there were two, a single fingerprint
named a model, in projects too; a model answers to those of its past.
"""

from dataclasses import dataclass
from typing import NewType

TokenizerId = NewType("TokenizerId", str)
"""SHA-256, hex; in projects of before the fingerprint of their model; "" where it is not known."""
ModelId = NewType("ModelId", str)
"""A tokenizer id, a dot and a SHA-256, hex; in requests of before the fingerprint of their model."""

UNKNOWN = TokenizerId("")


@dataclass(frozen=True)
class Identity:
    """What a loaded model is called.

    `fingerprint` is what a model with exactly these networks and this configuration was called before there were two
    ids, 64 hex digits; `former` are the fingerprints under which it and those it was made from, with the same
    tokenizer, stand in projects.
    """

    tokenizer: TokenizerId
    model: ModelId
    fingerprint: str = ""
    former: frozenset[str] = frozenset()

    @property
    def short(self) -> str:
        """Enough of it for people to tell models apart."""
        tokenizer, _, networks = self.model.partition(".")
        return f"{tokenizer[:12]}.{networks[:12]}"

    def owns(self, tokenizer: TokenizerId) -> bool:
        """Whether tokens of a document that names this tokenizer mean something to the model; UNKNOWN is any."""
        return self.current_tokenizer(tokenizer) in (UNKNOWN, self.tokenizer)

    def current_tokenizer(self, tokenizer: TokenizerId) -> TokenizerId:
        """The id of today in place of a fingerprint of before; any other as it is."""
        return self.tokenizer if tokenizer and tokenizer in (self.fingerprint, *self.former) else tokenizer

    def current_model(self, model: ModelId) -> ModelId:
        """The same for the model of a request; of one with other networks the fingerprint stands after the dot."""
        if model and model == self.fingerprint:
            return self.model
        return model_with(self.tokenizer, model) if model in self.former else model


NAMELESS = Identity(UNKNOWN, ModelId(""))
"""Of networks of which nothing is kept (a measurement, a look at a training run)."""


def tokenizer_of(model: ModelId) -> TokenizerId:
    """The tokenizer of a model; of a fingerprint of before the fingerprint itself."""
    return TokenizerId(model.partition(".")[0])


def model_with(tokenizer: TokenizerId, networks: str) -> ModelId:
    """The id of a model by its tokenizer and what names its other networks."""
    return ModelId(f"{tokenizer}.{networks}")
