//! Store secrets, per-Worker secrets and variables as a Worker reads them.

use coffer_protocol::feed::Record;
use coffer_types::{Binding, BindingKind, Format, Scope, SecretId, Split, StoreId};

use crate::support::{Answer, Plane, READS, Site, Tenant, until};

const NOT_FOUND: &str = "Error: Secret \"KEY\" not found";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_its_update_its_removal_and_its_return() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "first value");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);

    site.fetch_text(&worker.host(), "/", "first value").await;
    let processes = site.processes();
    assert_eq!(processes.len(), 1);

    tenant.set_value(&mut secret, "second value");
    site.fetch_text(&worker.host(), "/", "second value").await;
    tenant.remove_secret(&secret);
    site.fetch_text(&worker.host(), "/", NOT_FOUND).await;
    tenant.add_secret("KEY", "third value");
    site.fetch_text(&worker.host(), "/", "third value").await;
    assert_eq!(site.processes(), processes, "no change needs a new process");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_with_the_scope_at_this_moment() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.secret("KEY", "the value", &[Scope::AiGateway]);
    plane.put(Record::Secret(secret.clone()));
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);

    site.fetch_text(&worker.host(), "/", NOT_FOUND).await;
    secret.scopes = [Scope::AiGateway, Scope::Workers].into_iter().collect();
    plane.put(Record::Secret(secret.clone()));
    site.fetch_text(&worker.host(), "/", "the value").await;
    secret.scopes = [Scope::AiGateway].into_iter().collect();
    plane.put(Record::Secret(secret));
    site.fetch_text(&worker.host(), "/", NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_from_another_account() {
    let plane = Plane::new();
    let (owner, thief) = (Tenant::new(&plane, "owner"), Tenant::new(&plane, "thief"));
    owner.add_secret("KEY", "the owner's");
    let binding = |tenant: &Tenant| tenant.binding_of(owner.store_id, "S", "KEY");
    let honest = owner.worker("shop", READS, vec![binding(&owner)]);
    let stealing = thief.worker("shop", READS, vec![binding(&thief)]);
    let site = Site::start(&plane);

    site.fetch_text(&honest.host(), "/", "the owner's").await;
    site.fetch_text(&stealing.host(), "/", NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_moved_elsewhere_does_not_open() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.secret("KEY", "the value", &[Scope::Workers]);
    secret.secret_id = SecretId::from_bytes([1; 16]);
    plane.put(Record::Secret(secret));
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);

    site.fetch_text(&worker.host(), "/", "Error: Secrets Store unavailable")
        .await;
    assert!(site.metrics().contains("outcome=\"Failed\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_arrives_unchanged() {
    let values = [
        String::new(),
        "quotes \" ' ` \\ and $dollars".to_owned(),
        "lines\nand\r\ntabs\t and NUL \0 and \u{1}".to_owned(),
        "snow ☃, clef 𝄞, e\u{301} and \u{feff}".to_owned(),
        "x".repeat(65_536),
    ];
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "start");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "start").await;
    for value in values {
        tenant.set_value(&mut secret, &value);
        site.fetch_text(&worker.host(), "/", &value).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    let code = r#"export default { async fetch(request, env) {
        const ask = async (names) => { try { return await env.A.getMulti(names); } catch (error) { return `${error.name}: ${error.message}`; } };
        const both = await ask(["KEY_A", "KEY_B"]);
        const odd = Object.assign(["KEY_A"], { length: 129 });
        return Response.json([
            both, Object.isFrozen(env.A), Object.isFrozen(both),
            // Bound and not there, there and not bound, of another store, of no possible name.
            await ask(["KEY_A", "KEY_C", "FREE", "KEY_D", "", "__proto__", "constructor", "KEY A"]),
            await ask(["KEY_D"]), await ask([]), await ask(["KEY_B", "KEY_B", "KEY_B"]),
            Object.keys(await ask(Array(128).fill("KEY_A"))),
            await ask(Array(129).fill("KEY_A")), await ask(odd),
            await ask(), await ask("KEY_A"), await ask({ 0: "KEY_A", length: 1 }), await ask(new Set(["KEY_A"])),
            await ask(["KEY_A", 1]), await ask([["KEY_A"]]), await ask([, "KEY_A"]), await ask([{ toString: () => "KEY_A" }]),
        ]);
    } };"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY_A", "a");
    tenant.add_secret("KEY_B", "b");
    tenant.add_secret("FREE", "of no binding");
    let other_store = StoreId::from_bytes([9; 16]);
    let bindings = vec![
        tenant.binding("A", "KEY_A"),
        tenant.binding("B", "KEY_B"),
        tenant.binding("C", "KEY_C"),
        tenant.binding_of(other_store, "D", "KEY_D"),
    ];
    let worker = tenant.worker("shop", code, bindings);
    let site = Site::start(&plane);

    let answer = site
        .fetch_until(&worker.host(), "/", |answer| answer.status == 200)
        .await;
    let told: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let (names, most) = (
        "Error: getMulti() takes an array of secret names",
        "Error: getMulti() takes at most 128 names",
    );
    let expected = serde_json::json!([
        { "KEY_A": "a", "KEY_B": "b" }, true, true,
        { "KEY_A": "a" },
        {}, {}, { "KEY_B": "b" },
        ["KEY_A"],
        most, most,
        names, names, names, names,
        names, names, names, names,
    ]);
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_worker_finds_them_in_variables() {
    let code = r#"const early = typeof A.get;
addEventListener("fetch", (event) => event.respondWith(answer(event)));
async function answer(event) {
  const lost = await MISSING.get().catch((error) => `${error.name}: ${error.message}`);
  const line = new Error("line").stack.match(/:(\d+):\d+\)?$/m)[1];
  const own = Object.getOwnPropertyNames(globalThis).filter((name) => /coffer|daemon/i.test(name));
  return new Response(JSON.stringify([
    early, await A.get(), await A.getMulti(["KEY_A", "KEY_B"]), lost, TEXT, line, own, Object.isFrozen(A),
  ]));
}"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY_A", "a");
    tenant.add_secret("KEY_B", "b");
    let mut worker = tenant.idle_worker("shop");
    let text = Binding {
        name: "TEXT".parse().unwrap(),
        kind: BindingKind::PlainText {
            text: "plain".to_owned(),
        },
    };
    let bindings = vec![
        tenant.binding("A", "KEY_A"),
        text,
        tenant.binding("B", "KEY_B"),
        tenant.binding("MISSING", "KEY_C"),
    ];
    let mut version = worker.version(code, bindings);
    version.format = Format::ServiceWorker;
    version.compatibility_date = "2022-01-01".to_owned();
    worker.add_version(&version);
    worker.deploy(Split::whole(version.version_id));
    let site = Site::start(&plane);

    let told = |value: &str| {
        serde_json::json!([
            "function", value, { "KEY_A": value, "KEY_B": "b" },
            "Error: Secret \"KEY_C\" not found", "plain", "5", [], true,
        ])
        .to_string()
    };
    let answered = std::cell::Cell::new(0);
    let is = |answer: &Answer, value: &str| {
        answered.set(answered.get() + u64::from(answer.status == 200));
        answer.text == told(value)
    };
    site.fetch_until(&worker.host(), "/", |answer| is(answer, "a"))
        .await;
    // An edit reaches it.
    tenant.set_value(&mut secret, "other");
    site.fetch_until(&worker.host(), "/", |answer| is(answer, "other"))
        .await;
    for _ in 0..20 {
        assert!(is(&site.fetch(&worker.host(), "/").await, "other"));
    }
    // Every read is told of, the last ones too, which no other follows: two of A and one of B in each answer.
    let expected = format!("secret_reads_total {}", 3 * answered.get());
    until(&expected, || site.metrics().contains(&expected)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_first_readers() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "the value");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_until(&worker.host(), "/", |answer| answer.status != 404)
        .await;

    let host = worker.host();
    let crowd = (0..100).map(|_| site.fetch(&host, "/"));
    for answer in futures::future::join_all(crowd).await {
        assert_eq!((answer.status, answer.text.as_str()), (200, "the value"));
    }
    assert_eq!(site.processes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_compatibility_date() {
    let dates = [
        "2021-01-01",
        "2022-06-01",
        "2023-12-01",
        "2024-04-02",
        "2024-10-15",
        "2025-11-01",
    ];
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "before");
    let workers = dates.map(|date| {
        let mut worker = tenant.idle_worker(&format!("at-{date}"));
        let mut version = worker.version(READS, vec![tenant.binding("S", "KEY")]);
        version.compatibility_date = date.to_owned();
        worker.add_version(&version);
        worker.deploy(Split::whole(version.version_id));
        worker
    });
    let site = Site::start(&plane);
    for worker in &workers {
        site.fetch_text(&worker.host(), "/", "before").await;
    }
    tenant.set_value(&mut secret, "after");
    for worker in &workers {
        site.fetch_text(&worker.host(), "/", "after").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_and_secrets_of_the_worker_itself() {
    let code = r#"export default { fetch(request, env) {
        return Response.json([env.TEXT, env.JSON, env.TOKEN, typeof env.TOKEN]);
    } };"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.idle_worker("shop");
    let json = serde_json::json!({"a": [1, null, "ü"]});
    let mut version = worker.version(
        code,
        vec![
            Binding {
                name: "TEXT".parse().unwrap(),
                kind: BindingKind::PlainText {
                    text: "a \"b\"\n☃".to_owned(),
                },
            },
            Binding {
                name: "JSON".parse().unwrap(),
                kind: BindingKind::Json { json: json.clone() },
            },
        ],
    );
    worker.add_secret(&mut version, "TOKEN", "tok\0en ☃");
    worker.add_version(&version);
    worker.deploy(Split::whole(version.version_id));
    let site = Site::start(&plane);

    let expected = serde_json::json!(["a \"b\"\n☃", json, "tok\0en ☃", "string"]);
    let answer = site
        .fetch_until(&worker.host(), "/", |answer| answer.status == 200)
        .await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&answer.text).unwrap(),
        expected
    );
}
