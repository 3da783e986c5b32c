//! Every bound of the system in one place, with where its number comes from.

/// Secrets Stores per account. The documented limit of the open beta.
pub const DEFAULT_STORES_PER_ACCOUNT: u32 = 1;
/// Secrets per account. The documented limit of the open beta.
pub const DEFAULT_SECRETS_PER_ACCOUNT: u32 = 100;
/// Bytes of UTF-8 in one secret's value. The documented limit.
pub const DEFAULT_SECRET_VALUE_BYTES: u32 = 1024;
/// The most an operator may raise the value limit to: the API description's `maxLength`.
pub const MAX_SECRET_VALUE_BYTES: u32 = 65_536;
/// Characters in a secret's name.
pub const MAX_SECRET_NAME_CHARS: usize = 255;
/// Characters in a store's name.
pub const MAX_STORE_NAME_CHARS: usize = 255;
/// Bytes in a secret's comment. Our own bound: a sentence or two, never a document.
pub const MAX_COMMENT_BYTES: usize = 1024;
/// Secrets in one create request: the whole default quota at once.
pub const MAX_SECRETS_PER_REQUEST: usize = 100;

/// Characters in a Worker's name: one DNS label, because it becomes a host name.
pub const MAX_WORKER_NAME_CHARS: usize = 63;
/// Workers per account. The documented limit of the paid plan.
pub const DEFAULT_WORKERS_PER_ACCOUNT: u32 = 500;
/// Versions that `GET …/versions?deployable=true` offers and rollback reaches.
pub const DEPLOYABLE_VERSIONS: u32 = 100;
/// Bytes in one variable or per-Worker secret. The documented limit of 5 KB.
pub const MAX_VARIABLE_BYTES: usize = 5 * 1024;
/// Bindings of one version: the documented 128 variables of the paid plan.
pub const MAX_BINDINGS_PER_VERSION: usize = 128;
/// Secrets in one `secret bulk` call, as the client's own help says.
pub const MAX_SECRETS_PER_BULK: usize = 100;
/// Characters in a binding's name.
pub const MAX_BINDING_NAME_CHARS: usize = 255;
/// Bytes in the annotation `workers/message`.
pub const MAX_MESSAGE_BYTES: usize = 1000;
/// Bytes in the annotation `workers/tag`.
pub const MAX_TAG_BYTES: usize = 100;
/// Annotations of a version or a deployment. Our own bound; clients know four.
pub const MAX_ANNOTATIONS: usize = 16;
/// Compatibility flags of a version. Our own bound; the runtime knows about two hundred.
pub const MAX_COMPATIBILITY_FLAGS: usize = 256;
/// Versions or deployments on one page where a client names no size: all that can be deployed.
pub const DEFAULT_VERSIONS_PAGE_SIZE: u32 = 100;
/// Deployments that a Worker's list of deployments tells of, the newest.
pub const LISTED_DEPLOYMENTS: u32 = 100;

/// Bytes of a JSON request body.
pub const MAX_JSON_BODY_BYTES: usize = 1024 * 1024;
/// Bytes of a Worker upload.
pub const MAX_UPLOAD_BYTES: usize = 100 * 1024 * 1024;
/// Bytes of Worker uploads that are read and held at once: two of the largest.
pub const MAX_UPLOAD_BYTES_AT_ONCE: usize = 2 * MAX_UPLOAD_BYTES;
/// How long an upload waits for others to end before it is refused, in seconds. Clients give up later.
pub const UPLOAD_WAIT_SECONDS: u64 = 30;
/// How long a client may send nothing of a body that it began, in seconds. Our own bound: twice what a bad
/// connection needs to recover.
pub const BODY_IDLE_SECONDS: u64 = 30;
/// Parts of a Worker upload.
pub const MAX_UPLOAD_PARTS: usize = 2000;
/// Bytes in the name of a module.
pub const MAX_MODULE_NAME_BYTES: usize = 1024;
/// Bytes of an `Idempotency-Key`: the length that other services accept.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

/// Items on one page where a client names none.
pub const DEFAULT_PAGE_SIZE: u32 = 20;
/// Items on one page of the Secrets Store, from its API description.
pub const MAX_PAGE_SIZE: u32 = 100;

/// Characters in an e-mail address (RFC 5321, path limit).
pub const MAX_EMAIL_CHARS: usize = 254;
/// Characters of a password. Argon2id takes more; a form should not.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Policies in one API token.
pub const MAX_POLICIES_PER_TOKEN: usize = 50;
/// Characters in an API token's name, from its API description.
pub const MAX_TOKEN_NAME_CHARS: usize = 120;
