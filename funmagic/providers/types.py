"""The types of provider the code can talk to: what each can do, with which model and options, and where it is."""

from dataclasses import dataclass, field

from funmagic.core.queues import QueueName
from funmagic.providers.options import fal as fal_options
from funmagic.providers.options import google as google_options
from funmagic.providers.options import openai as openai_options
from funmagic.providers.options import replicate as replicate_options
from funmagic.providers.options import tripo as tripo_options
from funmagic.providers.options.base import Options


@dataclass(frozen=True)
class Offer:
    """An operation that a type of provider can do: its usual model, and the options it takes."""

    model: str | None = None
    options: type[Options] = Options


@dataclass(frozen=True)
class ProviderType:
    """A kind of service; its work waits on `queue`, and its calls hold a worker for as long as they take or not.

    `credentials` names what an account there may have besides its key.
    """

    name: str
    title: str
    offers: dict[str, Offer] = field(default_factory=dict)
    base_url: str | None = None
    queue: QueueName = QueueName.AI_TASKS
    credentials: tuple[str, ...] = ()


LOCAL = ProviderType(
    "local",
    "This machine",
    {"remove-background": Offer(), "stylise-image": Offer(), "image-to-model": Offer(), "image-to-cloud": Offer()},
)
FAL = ProviderType(
    "fal",
    "fal.ai",
    {
        "remove-background": Offer("fal-ai/bria/background/remove", fal_options.CutoutOptions),
        "image-to-cloud": Offer("fal-ai/vggt-1b", fal_options.VggtOptions),
    },
    "https://queue.fal.run",
)
REPLICATE = ProviderType(
    "replicate",
    "Replicate",
    {
        "image-to-cloud": Offer(
            "vufinder/vggt-1b:35b7a45ef4430c677a6c71f5467ee0d98991502effe0d65bdbd8863fa205cc54",
            replicate_options.VggtOptions,
        )
    },
    "https://api.replicate.com",
)
OPENAI = ProviderType(
    "openai",
    "OpenAI",
    {"stylise-image": Offer(openai_options.STYLISE_MODEL, openai_options.OpenAIImageOptions)},
    "https://api.openai.com/v1",
    QueueName.AI_STREAMING,
    credentials=("organization", "project"),
)
GOOGLE = ProviderType(
    "google",
    "Google Gemini",
    {"stylise-image": Offer(google_options.STYLISE_MODEL, google_options.GeminiImageOptions)},
    "https://generativelanguage.googleapis.com",
    QueueName.AI_STREAMING,
)
TRIPO = ProviderType(
    "tripo",
    "Tripo",
    {"image-to-model": Offer(tripo_options.IMAGE_TO_MODEL, tripo_options.ModelOptions)},
    "https://openapi.tripo3d.ai",
)

PROVIDER_TYPES = {
    kind.name: kind
    for kind in (
        LOCAL,
        FAL,
        REPLICATE,
        OPENAI,
        GOOGLE,
        TRIPO,
    )
}
