//! The code of a version: modules, one of which handles requests.

use std::collections::HashSet;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use coffer_types::{Digest, Format, Module, ModuleKind, ModuleName};

use crate::error::{Error, Problem, Result};

/// A module as it is uploaded.
#[derive(Clone, Debug)]
pub struct NewModule {
    /// The name that other modules import it by.
    pub name: ModuleName,
    /// How the runtime reads it.
    pub kind: ModuleKind,
    /// Its content.
    pub content: Bytes,
}

/// Modules with different names, one of which handles requests: an ECMAScript module, or a script that listens for
/// them.
#[derive(Clone, Debug)]
pub struct Code {
    format: Format,
    main_module: Option<ModuleName>,
    modules: Vec<Module>,
    contents: Vec<Bytes>,
    etag: String,
}

impl Code {
    /// The code made of these modules.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a name appears twice, or the main module is missing or of a wrong kind.
    pub fn new(main_module: ModuleName, given: Vec<NewModule>) -> Result<Self> {
        check_names(&given)?;
        match given.iter().find(|module| module.name == main_module) {
            None => {
                return Err(refused(format!(
                    "main_module names {main_module}, but the upload has no such part"
                )));
            }
            Some(main) if main.kind != ModuleKind::EsModule => {
                return Err(refused(format!(
                    "main module {main_module} is sent as {}; send an ECMAScript module as {}",
                    main.kind.media_type(),
                    ModuleKind::EsModule.media_type()
                )));
            }
            Some(_) => {}
        }
        Ok(Self::of(Format::Modules, main_module, given))
    }

    /// The script in the service-worker format with this name among these parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a name appears twice, or the script is missing or not JavaScript.
    pub fn service_worker(body_part: ModuleName, given: Vec<NewModule>) -> Result<Self> {
        check_names(&given)?;
        let refused = |rule: String| Error::invalid("/body_part", Problem::Script(rule));
        match given.iter().find(|part| part.name == body_part) {
            None => Err(refused(format!(
                "body_part names {body_part}, but the upload has no such part"
            ))),
            Some(body) if body.kind != ModuleKind::CommonJs => Err(refused(format!(
                "the script {body_part} is sent as {}; send a service worker as {}, or name a module in main_module",
                body.kind.media_type(),
                ModuleKind::CommonJs.media_type()
            ))),
            Some(_) => Ok(Self::of(Format::ServiceWorker, body_part, given)),
        }
    }

    fn of(format: Format, main_module: ModuleName, given: Vec<NewModule>) -> Self {
        let modules: Vec<Module> = given.iter().map(described).collect();
        Self {
            format,
            etag: etag(&main_module, &modules),
            main_module: Some(main_module),
            modules,
            contents: given.into_iter().map(|module| module.content).collect(),
        }
    }

    /// No code at all: a version that is only static assets, told apart by this text.
    pub(crate) fn none(assets: &str) -> Self {
        Self {
            format: Format::Modules,
            main_module: None,
            modules: Vec::new(),
            contents: Vec::new(),
            etag: digest_of(assets.as_bytes()).to_string(),
        }
    }

    /// How it is written.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The module that handles requests, if there is code.
    pub const fn main_module(&self) -> Option<&ModuleName> {
        self.main_module.as_ref()
    }

    /// The modules, in the order of the upload.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Their contents, in the same order.
    pub(crate) fn contents(&self) -> &[Bytes] {
        &self.contents
    }

    /// A digest of names, kinds and contents.
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

fn check_names(given: &[NewModule]) -> Result<()> {
    let mut names = HashSet::new();
    match given.iter().find(|module| !names.insert(&module.name)) {
        None => Ok(()),
        Some(twice) => Err(refused(format!(
            "module {} appears more than once",
            twice.name
        ))),
    }
}

fn refused(rule: String) -> Error {
    Error::invalid("/main_module", Problem::Script(rule))
}

fn described(module: &NewModule) -> Module {
    Module {
        name: module.name.clone(),
        kind: module.kind,
        digest: digest_of(&module.content),
        size: module.content.len() as u64,
    }
}

fn digest_of(content: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, content).as_ref());
    Digest(digest)
}

fn etag(main_module: &ModuleName, modules: &[Module]) -> String {
    let mut context = Context::new(&SHA256);
    let mut add = |part: &[u8]| {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    };
    add(main_module.as_str().as_bytes());
    for module in modules {
        add(module.name.as_str().as_bytes());
        add(module.kind.media_type().as_bytes());
        add(&module.digest.0);
    }
    hex::encode(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, kind: ModuleKind, content: &'static str) -> NewModule {
        NewModule {
            name: name.parse().unwrap(),
            kind,
            content: Bytes::from_static(content.as_bytes()),
        }
    }

    fn code(main: &str, modules: Vec<NewModule>) -> Result<Code> {
        Code::new(main.parse().unwrap(), modules)
    }

    #[test]
    fn the_main_module_must_be_there_once_and_an_es_module() {
        use ModuleKind::{CommonJs, EsModule, Text};
        assert!(code("a.js", vec![module("a.js", EsModule, "")]).is_ok());
        assert!(code("b.js", vec![module("a.js", EsModule, "")]).is_err());
        assert!(code("a.js", vec![]).is_err());
        assert!(code("a.js", vec![module("a.js", CommonJs, "")]).is_err());
        assert!(code("a.js", vec![module("a.js", Text, "")]).is_err());
        let twice = vec![module("a.js", EsModule, ""), module("a.js", Text, "")];
        assert!(code("a.js", twice).is_err());
    }

    #[test]
    fn a_service_worker_is_a_script() {
        use ModuleKind::{CommonJs, EsModule, Wasm};
        let script = |kind| {
            let parts = vec![module("w.js", kind, ""), module("ADD", Wasm, "")];
            Code::service_worker("w.js".parse().unwrap(), parts)
        };
        assert_eq!(script(CommonJs).unwrap().format(), Format::ServiceWorker);
        assert!(script(EsModule).is_err());
        let parts = vec![module("ADD", Wasm, "")];
        assert!(Code::service_worker("w.js".parse().unwrap(), parts).is_err());
    }

    #[test]
    fn the_etag_is_of_names_kinds_and_contents() {
        use ModuleKind::{Data, EsModule, Text};
        let etag = |modules| code("a.js", modules).unwrap().etag().to_owned();
        let main = || module("a.js", EsModule, "1");
        let with = |name, kind, content| etag(vec![main(), module(name, kind, content)]);
        let base = with("b", Text, "x");
        assert_eq!(base, with("b", Text, "x"));
        for other in [
            with("c", Text, "x"),
            with("b", Data, "x"),
            with("b", Text, "y"),
            etag(vec![main()]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn digests_are_sha_256() {
        assert_eq!(
            digest_of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
