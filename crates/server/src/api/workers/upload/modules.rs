//! Parts of an upload as modules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coffer_engine::{Error, Invalid, NewModule, Problem};
use coffer_types::limits::MAX_UPLOAD_PARTS;
use coffer_types::{ModuleKind, ModuleName};
use serde::Deserialize;

use super::form::Part;
use crate::api::workers::fields::shown;

/// What a part is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Its file: one client sends every module in a part of the same name.
    File,
    /// Itself: a service worker's files are wherever the client has them.
    Part,
}

/// The modules that these parts are; every part that is none is named.
pub(super) fn parse(parts: Vec<Part>, naming: Naming) -> Result<Vec<NewModule>, Error> {
    let mut problems = Vec::new();
    let mut modules = Vec::with_capacity(parts.len());
    for part in parts {
        match module(part, naming) {
            Ok(module) => modules.push(module),
            Err((pointer, problem)) => problems.push(Invalid { pointer, problem }),
        }
    }
    if problems.is_empty() {
        Ok(modules)
    } else {
        Err(Error::Invalid(problems))
    }
}

/// A module as it comes in JSON.
#[derive(Debug, Deserialize)]
pub(super) struct ModuleFields {
    name: String,
    content_type: Option<String>,
    content_base64: String,
}

/// The modules that these are; every one that is none is named by its place.
pub(super) fn decode(given: Vec<ModuleFields>) -> Result<Vec<NewModule>, Error> {
    if given.len() > MAX_UPLOAD_PARTS {
        let rule = format!("at most {MAX_UPLOAD_PARTS} modules");
        return Err(Error::invalid("/modules", Problem::Upload(rule)));
    }
    let mut problems = Vec::new();
    let mut modules = Vec::with_capacity(given.len());
    for (index, fields) in given.into_iter().enumerate() {
        match decoded(&fields) {
            Ok(module) => modules.push(module),
            Err(problem) => problems.push(Invalid {
                pointer: format!("/modules/{index}"),
                problem,
            }),
        }
    }
    if problems.is_empty() {
        Ok(modules)
    } else {
        Err(Error::Invalid(problems))
    }
}

fn decoded(fields: &ModuleFields) -> Result<NewModule, Problem> {
    let name = module_name(&fields.name)?;
    let kind = kind(&name, fields.content_type.as_deref())?;
    let content = BASE64.decode(&fields.content_base64);
    let content = content
        .map_err(|_| Problem::Script(format!("content_base64 of module {name} is not base64")))?;
    Ok(NewModule {
        name,
        kind,
        content: content.into(),
    })
}

/// A module's name. Clients put `./` before the names of modules that a bundler found; it says nothing.
pub(in crate::api::workers) fn module_name(text: &str) -> Result<ModuleName, Problem> {
    let plain = text.strip_prefix("./").unwrap_or(text);
    plain
        .parse()
        .map_err(|error| Problem::Script(format!("module name '{}' {error}", shown(text))))
}

fn module(part: Part, naming: Naming) -> Result<NewModule, (String, Problem)> {
    let file_name = part.file_name.as_deref();
    let file_name = file_name.filter(|_| naming == Naming::File);
    let text = file_name.unwrap_or(&part.name);
    let name = module_name(text).map_err(|problem| (shown(&part.name), problem))?;
    let kind =
        kind(&name, part.media_type.as_deref()).map_err(|problem| (shown(&part.name), problem))?;
    Ok(NewModule {
        name,
        kind,
        content: part.content,
    })
}

fn kind(name: &ModuleName, media_type: Option<&str>) -> Result<ModuleKind, Problem> {
    let Some(media_type) = media_type else {
        return Err(Problem::Script(format!(
            "module {name} has no Content-Type; an ECMAScript module is {}",
            ModuleKind::EsModule.media_type()
        )));
    };
    if media_type.starts_with("text/x-python") {
        let rule = format!("module {name} is Python, which Coffer does not run");
        return Err(Problem::Script(rule));
    }
    ModuleKind::from_media_type(media_type).ok_or_else(|| {
        Problem::Script(format!(
            "module {name} has the Content-Type {}, which names no kind of module",
            shown(media_type)
        ))
    })
}
