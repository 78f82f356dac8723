"""The machine itself as a provider: it does every operation, with no key, no model to choose and no options."""

from funmagic.providers.types.base import Offer, ProviderType

TYPE = ProviderType(
    "local",
    "This machine",
    offers={
        "remove-background": Offer(),
        "stylise-image": Offer(),
        "image-to-model": Offer(),
        "image-to-cloud": Offer(),
    },
)
