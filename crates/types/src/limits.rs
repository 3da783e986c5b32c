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
/// Values that one request may compare with those that are sealed: as many as one request may make.
pub const MAX_COMPARED_PER_REQUEST: usize = MAX_SECRETS_PER_REQUEST;
/// Compared values of an account that may be wrong in an hour, so many at once too. Our own bound: three requests with
/// nothing right in them, and 7,200 guesses a day, of which every one is in the audit log.
pub const WRONG_COMPARISONS_PER_HOUR: u32 = 300;
/// Versions that bind a secret and are not deployed, in what is told of the secret's use: the newest. As many as
/// can be deployed again.
pub const MAX_USING_VERSIONS_LISTED: u32 = DEPLOYABLE_VERSIONS;
/// Workers that read a secret and bind it no more, in what is told of its use: the last to read it. Our own bound:
/// twice the Workers that an account has.
pub const MAX_READING_WORKERS_LISTED: u32 = 2 * DEFAULT_WORKERS_PER_ACCOUNT;
/// Days that a question for unused secrets may reach back: ten years.
pub const MAX_UNUSED_DAYS: u32 = 3650;
/// Days that a question for unused secrets reaches back if it names none.
pub const DEFAULT_UNUSED_DAYS: u32 = 30;
/// Workers that the refusal to delete a secret names, for each secret. Our own bound: what people read.
pub const MAX_WORKERS_NAMED: usize = 20;

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
/// Bytes of a `secret_key` binding's algorithm as JSON. Our own bound: the longest that the Web Cryptography API
/// knows has some hundred.
pub const MAX_KEY_ALGORITHM_BYTES: usize = 4096;
/// Deployments that a Worker's list of deployments tells of, the newest.
pub const LISTED_DEPLOYMENTS: u32 = 100;
/// Changes that are kept for edges to follow, the newest. Our own bound: a few megabytes, and far more than an edge
/// misses while it starts anew. One that missed more takes a snapshot.
pub const CHANGES_KEPT: u64 = 65_536;

/// Characters in the name of a Pages project, as its clients say.
pub const MAX_PAGES_PROJECT_NAME_CHARS: usize = 58;
/// Bytes in the name of a branch of a Pages project: what version control systems allow.
pub const MAX_PAGES_BRANCH_BYTES: usize = 255;
/// Pages projects per account. The documented limit.
pub const PAGES_PROJECTS_PER_ACCOUNT: u32 = 100;
/// Variables and secrets of one environment of a Pages project: as many as a Worker's version has bindings.
pub const MAX_PAGES_VARIABLES: usize = MAX_BINDINGS_PER_VERSION;
/// Pages projects on one page of a list where a client names no number, from its API description.
pub const DEFAULT_PAGES_PAGE_SIZE: u32 = 10;
/// Deployments on one page of a project's list where a client names no number, as the platform answers.
pub const DEFAULT_PAGES_DEPLOYMENTS_PAGE_SIZE: u32 = 25;
/// Deployments of one Pages project; one more removes the oldest that nothing needs. Our own bound: edges follow each.
pub const DEPLOYMENTS_PER_PAGES_PROJECT: u32 = 500;
/// Bytes of the code of a Pages deployment. The documented limit.
pub const MAX_PAGES_BUNDLE_BYTES: usize = 25 * 1024 * 1024;
/// Rules of `_routes.json`, those to include and those to exclude together. The documented limit.
pub const MAX_PAGES_ROUTES: usize = 100;
/// Characters of one such rule. The documented limit.
pub const MAX_PAGES_ROUTE_CHARS: usize = 100;
/// Bytes of the hash of a commit that a deployment is made of. Our own bound: twice the longest that there is.
pub const MAX_COMMIT_HASH_BYTES: usize = 128;

/// Tails of one Worker at once. The documented limit.
pub const TAILS_PER_WORKER: u32 = 10;
/// Seconds that a tail lasts. Our own bound: whoever lost the permission follows no longer than that. Wrangler makes
/// the next one by itself.
pub const TAIL_SECONDS: u32 = 3600;
/// Seconds from a tail's making to the WebSocket that follows it. Our own bound; Wrangler comes at once.
pub const TAIL_CONNECT_SECONDS: u32 = 60;
/// Filters of a tail. Our own bound: twice the kinds that there are.
pub const MAX_TAIL_FILTERS: usize = 16;
/// Values of one filter, such as methods. Our own bound.
pub const MAX_TAIL_FILTER_VALUES: usize = 64;
/// Bytes of one text of a filter. Our own bound.
pub const MAX_TAIL_FILTER_BYTES: usize = 1024;
/// Bytes of events that wait for a tail's client. Our own bound: several events of the largest size.
pub const MAX_TAIL_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Seconds that a tail's client may take for one event before it is cut. Our own bound.
pub const TAIL_SEND_SECONDS: u32 = 30;
/// Ended tails of one Worker that a client may still delete, as those do that hang up first. Our own bound.
pub const MAX_ENDED_TAILS: usize = 100;

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
/// Characters in an account's name, from its API description.
pub const MAX_ACCOUNT_NAME_CHARS: usize = 100;
/// Characters in a person's first or last name, from its API description.
pub const MAX_PERSON_NAME_CHARS: usize = 60;
/// Characters of a new password at the least. Our own bound: longer than the 8 that NIST SP 800-63B asks for,
/// because nothing but the password protects an account here.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Characters of a new password at the most: room for any sentence.
pub const MAX_PASSWORD_CHARS: usize = 256;
/// Bytes of a password: the characters above, in any script. Argon2id takes more; a form should not.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// How long a session lasts that nobody uses, in hours: a working day with its break.
pub const SESSION_IDLE_HOURS: i64 = 12;
/// How long a session lasts at the most, in hours: a week.
pub const SESSION_HOURS: i64 = 7 * 24;
/// Sessions of one user; one more ends the oldest. Our own bound: more than anyone has browsers.
pub const MAX_SESSIONS_PER_USER: u32 = 50;
/// Sessions that have run out and are removed with a new one: more than one, so that none stay for long.
pub const MAX_SESSIONS_SWEPT: u32 = 100;
/// How long an invitation can be accepted, in days.
pub const INVITATION_DAYS: i64 = 7;
/// Devices that may wait at once to be signed in: each is some 300 bytes of memory, and waits ten minutes at most.
pub const MAX_DEVICE_LOGINS: usize = 1024;
/// Of these from one address: an office behind one address signs in that many at once.
pub const MAX_DEVICE_LOGINS_PER_ADDRESS: usize = 10;
/// How long a device waits to be signed in, in seconds.
pub const DEVICE_LOGIN_SECONDS: u32 = 600;
/// How long a device that waits lets pass before it asks again, in seconds.
pub const DEVICE_POLL_SECONDS: u32 = 5;
/// How long the token lasts with which a device is signed in, in days.
pub const DEVICE_TOKEN_DAYS: i64 = 90;
/// Characters of the name of a device that signs in.
pub const MAX_DEVICE_NAME_CHARS: usize = 64;
/// Failed attempts by address, or by name, that are remembered for one kind of credential: with all tables full
/// about 25 MiB.
pub const MAX_ATTEMPT_RECORDS: usize = 16_384;
/// Trusted proxies one behind another that a request is followed through. Our own bound: two or three are usual.
pub const MAX_PROXIES_IN_FRONT: usize = 16;
/// How long an address from which a user signed in is familiar, in days: longer than a holiday.
pub const FAMILIAR_ADDRESS_DAYS: i64 = 30;
/// API tokens of one user. Our own bound: more than anyone keeps apart, and all of them are read when a membership of
/// the user ends.
pub const MAX_TOKENS_PER_USER: u32 = 500;
/// API tokens of one account. Our own bound: one for each of many deployments, in a list that is still quick.
pub const MAX_TOKENS_PER_ACCOUNT: u32 = 20_000;
/// Members of one account, those included who are invited. Our own bound: a large company.
pub const MAX_MEMBERS_PER_ACCOUNT: u32 = 20_000;
/// Policies in one API token. Our own bound, as the next three: many times what anyone needs, and little enough to
/// go through for every request.
pub const MAX_POLICIES_PER_TOKEN: usize = 100;
/// Permission groups in all policies of one API token: those of every policy together.
pub const MAX_GROUPS_PER_TOKEN: usize = 300;
/// Resources in all policies of one API token: those of every policy together.
pub const MAX_RESOURCES_PER_TOKEN: usize = 300;
/// Ranges of addresses in each list of an API token's condition.
pub const MAX_IP_RANGES_PER_LIST: usize = 100;
/// Characters in an API token's name, from its API description.
pub const MAX_TOKEN_NAME_CHARS: usize = 120;

/// Events on one page of the audit log, from its API description.
pub const MAX_AUDIT_PAGE_SIZE: u32 = 1000;
/// Events on one page of the audit log where a client names no number, from its API description.
pub const DEFAULT_AUDIT_PAGE_SIZE: u32 = 100;
/// Events of the audit log's first version that numbered pages reach: what is passed over is read each time. Our own
/// bound; an export and the second version's cursors have no end.
pub const MAX_AUDIT_DEPTH: u64 = 1_000_000;
/// Values of one filter of the audit log. Our own bound: more than a person picks.
pub const MAX_FILTER_VALUES: usize = 100;
/// Refused requests of one actor that the audit log tells of in a minute, each different. Our own bound: more than
/// a person or a careless script makes.
pub const MAX_DENIALS_PER_MINUTE: usize = 60;
/// Actors whose refused requests are remembered at once: some megabytes at the most.
pub const MAX_DENIED_ACTORS: usize = 1024;

/// Static assets of one version, from the platform's limits.
pub const MAX_ASSETS_PER_VERSION: usize = 20_000;
/// Bytes of one static asset, from the platform's limits.
pub const MAX_ASSET_BYTES: u64 = 25 * 1024 * 1024;
/// Bytes in the path of a static asset. Our own bound: what fits a request's target with room to spare.
pub const MAX_ASSET_PATH_BYTES: usize = 1024;
/// Bytes of a request that begins an upload of assets: every path of the most assets at 400 bytes an entry.
pub const MAX_ASSET_MANIFEST_BYTES: usize = 8 * 1024 * 1024;
/// Files that a client is asked to send in one request: well below the bound on parts.
pub const MAX_ASSETS_PER_UPLOAD: usize = 500;
/// Bytes of the files that a client is asked to send in one request, unless one alone is larger: Base64 makes them a
/// third more, which stays below the bound on uploads.
pub const MAX_ASSET_BYTES_PER_UPLOAD: u64 = 40 * 1024 * 1024;
/// How long an upload of assets may take from its beginning to the version, in minutes.
pub const ASSET_UPLOAD_MINUTES: i64 = 60;
/// Bytes of `_headers` or `_redirects`, each: the most rules at the longest line would be more than anyone writes.
pub const MAX_ASSET_RULES_BYTES: usize = 512 * 1024;
/// Patterns in `run_worker_first`, from the platform's limits.
pub const MAX_RUN_WORKER_FIRST_PATTERNS: usize = 100;
/// Bytes in one pattern of `run_worker_first`, from the platform's limits.
pub const MAX_RUN_WORKER_FIRST_PATTERN_BYTES: usize = 100;

/// Characters of a cron trigger: the longest sensible lists fit.
pub const MAX_CRON_CHARS: usize = 200;
/// Cron triggers of one Worker: as many as a paid account of the documented platform may have in all.
pub const MAX_CRONS_PER_WORKER: usize = 250;

/// Bytes of a route's pattern. Our own bound: a host name and a path of some hundred characters.
pub const MAX_ROUTE_PATTERN_BYTES: usize = 1024;
/// Host names of an account's Workers besides their own. Our own bound: the documented platform has 100 for each of an
/// account's domains.
pub const HOSTNAMES_PER_ACCOUNT: u32 = 1000;
/// Routes of an account: as many as one domain of the documented platform may have.
pub const ROUTES_PER_ACCOUNT: u32 = 1000;

/// Minutes between the password and the code of a second factor; a phone is fetched meanwhile.
pub const SECOND_STEP_MINUTES: i64 = 5;

/// Minutes between the secret of a second factor and its first code; an app is installed meanwhile.
pub const ENROLMENT_MINUTES: i64 = 15;

/// Recovery codes that a user gets at once; as many as fit a note.
pub const RECOVERY_CODES: usize = 10;

/// Passkeys of one user. Our own bound: more than anyone has devices and key rings.
pub const PASSKEYS_PER_USER: u32 = 20;
/// Characters of a passkey's name. Our own bound: a device and where it lies.
pub const MAX_PASSKEY_NAME_CHARS: usize = 60;
/// Bytes of a passkey's credential id, from WebAuthn Level 3, 4 (Terminology, "Credential ID").
pub const MAX_CREDENTIAL_ID_BYTES: usize = 1023;
/// Bytes of the client data that a browser signs with. It names a challenge and an origin; browsers add little.
pub const MAX_CLIENT_DATA_BYTES: usize = 4 * 1024;
/// Bytes of an attestation object: the longest credential id, an RSA key and a statement with its certificates.
pub const MAX_ATTESTATION_BYTES: usize = 16 * 1024;
/// Bytes of the authenticator data that a sign-in is signed with: 37, and what extensions say.
pub const MAX_AUTHENTICATOR_DATA_BYTES: usize = 4 * 1024;
/// Bytes of a signature: an RSA key of 4096 bits makes the longest.
pub const MAX_PASSKEY_SIGNATURE_BYTES: usize = 512;
/// Minutes between a challenge and the passkey's answer; a phone is fetched meanwhile.
pub const PASSKEY_CHALLENGE_MINUTES: i64 = 5;
/// Challenges remembered as answered until they expire: 200 sign-ins with passkeys a second, for five minutes.
pub const MAX_ANSWERED_CHALLENGES: usize = 60_000;
