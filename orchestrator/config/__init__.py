"""Configuration: ``wantd.toml``, read once, checked whole, refused with file, line and what to do.

``tables`` says which keys exist, ``units`` how durations and sizes are written, ``rules`` what the keys of one file
must agree on, ``source`` where in the file a key is, ``load`` finds and reads. What the patterns in it mean is the
business of the catalog. Source: design section 10; the reference for users is ``docs/configuration.md``.
"""

from orchestrator.config.errors import ConfigError
from orchestrator.config.load import Config, find_config, load_config, read_config
from orchestrator.config.source import Source
from orchestrator.config.tables import (
    FAILURE_CLASSES,
    ApiTable,
    Application,
    Batch,
    ExternalTable,
    InputTable,
    JobTable,
    Limits,
    OpenlineageTable,
    OpentelemetryTable,
    OutwardTable,
    ResourcesTable,
    RetryTable,
    SecretTable,
    WebhookTable,
)

__all__ = [
    "FAILURE_CLASSES",
    "ApiTable",
    "Application",
    "Batch",
    "Config",
    "ConfigError",
    "ExternalTable",
    "InputTable",
    "JobTable",
    "Limits",
    "OpenlineageTable",
    "OpentelemetryTable",
    "OutwardTable",
    "ResourcesTable",
    "RetryTable",
    "SecretTable",
    "Source",
    "WebhookTable",
    "find_config",
    "load_config",
    "read_config",
]
