"""Settings, from the command line, ``EASEMENT_*``, ``easement.toml`` and defaults, and where each value came from."""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from easement.keys.secret_stores import DEFAULT_DOCUMENT_SECRETS

SETTINGS_FILE: Final = Path("easement.toml")
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Everything that an operator sets. Every port listens on loopback unless ``host`` says otherwise."""

    model_config = SettingsConfigDict(env_prefix="EASEMENT_", extra="forbid", frozen=True, toml_file=SETTINGS_FILE)

    data: Path = Field(Path(".easement"), description="The directory that holds everything Easement keeps.")
    environment: Literal["development", "production"] = Field(
        "development", description="Plain-text upstreams and self-made certificates are allowed in development only."
    )
    host: str = Field("127.0.0.1", description="Address on which gateway and broker listen.")
    public_host: str = Field("localhost", description="Name by which callers reach gateway, control plane, broker.")
    gateway_port: Port = Field(8443, description="Data plane, TLS.")
    control_port: Port = Field(9443, description="OAuth 2.0 server, API and console, TLS.")
    console_port: Port = Field(8080, description="The control plane's own loopback port, plain HTTP.")
    broker_port: Port = Field(4222, description="NATS, TLS.")
    broker_monitor_port: Port = Field(8222, description="NATS monitoring, loopback only.")
    broker_flush: Annotated[str, Field(pattern=r"^(always|[1-9]\d{0,3}(ms|s|m))$")] = Field(
        "always",
        description="When the broker forces messages to disk: always (before it acknowledges), or an interval such as "
        "500ms. With an interval a power cut can lose what was acknowledged within it; a killed process loses nothing.",
    )
    decider_port: Port = Field(8081, description="Decider, loopback only.")
    waf_rules: Path = Field(
        Path("/usr/share/modsecurity-crs/rules"),
        description="Folder of the OWASP Core Rule Set, for contracts that have requests inspected.",
    )
    gateway_admin_port: Port = Field(9901, description="Envoy administration, loopback only.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data directory.")
    envoy: str = Field("", description="Envoy binary; empty means the one that was installed with Easement.")
    nats_server: str = Field("", description="nats-server binary; empty means the one installed with Easement.")
    gateway_threads: Annotated[int, Field(ge=1, le=128)] = Field(1, description="Envoy worker threads.")
    gateways: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="Gateways that bear the load evenly; each lets its part of every declared rate through."
    )
    token_lifetime_s: Annotated[int, Field(ge=30, le=900)] = Field(300, description="Life of an access token.")
    auto_approve_low_risk: bool = Field(
        default=True, description="Approve a revision without a person when its risk is low and no finding blocks."
    )
    probe_hours: Annotated[int, Field(ge=0, le=24 * 31)] = Field(
        24, description="Hours between probes of all controls (easement probe); 0 means only when somebody asks."
    )
    smtp_host: str = Field("", description="Mail server for notices of changes; empty means that no mail is sent.")
    smtp_port: Port = Field(587, description="Port of the mail server.")
    smtp_security: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="How mail is handed in: TLS from the start, STARTTLS, or in clear without a password."
    )
    smtp_user: str = Field("", description="User at the mail server; empty means none.")
    smtp_password: str = Field("", description="Reference to the password, such as secret://env/SMTP_PASSWORD.")
    smtp_from: str = Field("easement@localhost", description="Sender of notices.")
    smtp_ca: str = Field("", description="PEM file of the mail server's authority; empty means the system's.")
    oidc_issuer: str = Field("", description="OpenID provider at which people sign in; empty means by links only.")
    oidc_client_id: str = Field("", description="What this installation is called at the OpenID provider.")
    oidc_client_secret: str = Field(
        "", description="Reference to its secret there, such as secret://env/OIDC_SECRET; empty for a public client."
    )
    oidc_claim: str = Field("email", description="Claim of the ID token whose value is the name of a person here.")
    oidc_ca: str = Field("", description="PEM file of the OpenID provider's authority; empty means the system's.")
    document_secrets: str = Field(
        ", ".join(DEFAULT_DOCUMENT_SECRETS),
        description="Which secrets documents may refer to: patterns STORE/PATH, separated by commas; {owner} is the "
        "system or team whose document it is, * anything within a part of the path, ** any parts.",
    )
    vault_address: str = Field("", description="OpenBao or Vault for secret://vault/MOUNT/PATH#KEY; empty means none.")
    vault_method: Literal["token", "approle", "jwt", "kubernetes", "cert"] = Field(
        "token", description="How we sign in there; cert shows the gateway's certificate."
    )
    vault_role: str = Field("", description="Role there: the id of an AppRole, the name of a role for jwt or cert.")
    vault_login: str = Field(
        "",
        description="Reference to what signs us in there (token, secret id, JWT), such as secret://file/vault.token.",
    )
    vault_mount: str = Field("", description="Where the method is mounted there; empty means the usual place.")
    vault_namespace: str = Field("", description="Namespace there; empty means the root namespace.")
    vault_ca: str = Field("", description="PEM file of its authority; empty means the system's.")
    aws_region: str = Field(
        "", description="Region of AWS Secrets Manager for secret://aws/NAME; empty means none. Needs the extra aws."
    )
    azure_vault: str = Field(
        "",
        description="Address of an Azure Key Vault for secret://azure/NAME; empty means none. Needs the extra azure.",
    )
    webhook_private_hosts: str = Field(
        "", description="Hosts, separated by commas, that may receive notices although their address is private."
    )
    webhook_ca: str = Field("", description="PEM file of the authority of such hosts; empty means the system's.")
    one_person_several_roles: bool = Field(
        default=False, description="Let one person fill several required roles of a review (small houses)."
    )
    go_live_gate: Literal["auto", "enforce", "advise"] = Field(
        "auto", description="Whether nothing goes live but through the go-live gate; auto: in production."
    )
    ledger_segment_rows: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        100_000, description="Seal a ledger segment after so many records."
    )
    ledger_segment_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        60, description="Seal a ledger segment after so many minutes."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file; no dotenv and no secret files."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def as_environment(self) -> dict[str, str]:
        """These settings as ``EASEMENT_*`` variables, for child processes."""
        values: dict[str, Any] = self.model_dump(mode="json")
        return {f"EASEMENT_{key.upper()}": str(value) for key, value in values.items()}


def load_settings(**flags: Any) -> Settings:
    """Read the settings; flags that are None count as not given.

    Raises ``ValueError`` with one sentence for each setting that is wrong, naming the variable to change.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(problem["loc"], problem["msg"]) for problem in error.errors())) from error
    except TOMLDecodeError as error:
        raise ValueError(f"{SETTINGS_FILE} is not valid TOML: {error}") from error


def origins(settings: Settings) -> dict[str, str]:
    """Where each value came from: ``flag``, an environment variable, ``easement.toml`` or ``default``."""
    written = tomllib.loads(SETTINGS_FILE.read_text()) if SETTINGS_FILE.is_file() else {}
    found: dict[str, str] = {}
    for name in type(settings).model_fields:
        variable = next((key for key in os.environ if key.upper() == f"EASEMENT_{name.upper()}"), "")
        if variable:
            found[name] = variable
        elif name in written:
            found[name] = str(SETTINGS_FILE)
        else:
            found[name] = "flag" if name in settings.model_fields_set else "default"
    return found


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    name = ".".join(str(part) for part in location)
    if message.startswith("Extra inputs"):
        near = get_close_matches(name, Settings.model_fields, n=1)
        return f"there is no setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    return f"setting {name} (EASEMENT_{name.upper()}): {message}"
