//! Parts of an upload as modules.

use coffer_engine::{Error, Invalid, NewModule, Problem};
use coffer_types::{ModuleKind, ModuleName};

use super::form::Part;
use crate::api::workers::fields::shown;

/// The modules that these parts are; every part that is none is named.
pub(super) fn parse(parts: Vec<Part>) -> Result<Vec<NewModule>, Error> {
    let mut problems = Vec::new();
    let mut modules = Vec::with_capacity(parts.len());
    for part in parts {
        match module(part) {
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

/// A module's name. Clients put `./` before the names of modules that a bundler found; it says nothing.
pub(super) fn module_name(text: &str) -> Result<ModuleName, Problem> {
    let plain = text.strip_prefix("./").unwrap_or(text);
    plain
        .parse()
        .map_err(|error| Problem::Script(format!("module name '{}' {error}", shown(text))))
}

fn module(part: Part) -> Result<NewModule, (String, Problem)> {
    // One client sends every module in a part of the same name, told apart by its file's name.
    let text = part.file_name.as_deref().unwrap_or(&part.name);
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
