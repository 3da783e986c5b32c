//! `routes` and `route`: the hosts and paths at which a Worker answers.

use crate::field::Field;
use crate::layers::Layers;

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// As `example.com/api/*`; of a custom domain the host name.
    pub pattern: String,
    /// The zone that it belongs to, if the file names one.
    pub zone: Option<Zone>,
    /// `custom_domain`: the Worker answers all of the host.
    pub custom_domain: bool,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `zone_id`.
    Id(String),
    /// `zone_name`.
    Name(String),
}

/// The routes of the environment, or else of the top level.
pub(super) fn read(layers: &Layers<'_>) -> Option<Vec<Route>> {
    let own = [
        layers.environment_field("route"),
        layers.environment_field("routes"),
    ];
    let inherits = layers.environment_name().is_some() && own.iter().all(Option::is_none);
    let [one, many] = if layers.environment_name().is_none() || inherits {
        [layers.top_field("route"), layers.top_field("routes")]
    } else {
        own
    };
    if let (Some(one), Some(_)) = (&one, &many) {
        one.error(format!(
            "\"{}\" and \"routes\" may not both be there; put all into \"routes\"",
            one.path
        ));
        return None;
    }
    let routes = match (one, many) {
        (Some(one), _) if one.is_text() && one.text().is_some_and(|text| text.is_empty()) => {
            one.warning("\"route\" is empty and not read; leave it out");
            return None;
        }
        (Some(one), _) => vec![route(&one)?],
        (None, Some(many)) => many.items()?.iter().filter_map(route).collect(),
        (None, None) => return None,
    };
    if inherits {
        warn_of_domains(layers, &routes);
    }
    Some(routes)
}

/// A host has one Worker: an environment that inherits it takes it away.
fn warn_of_domains(layers: &Layers<'_>, routes: &[Route]) {
    let domains: Vec<_> = routes
        .iter()
        .filter(|route| route.custom_domain)
        .map(|route| route.pattern.as_str())
        .collect();
    let field = layers
        .top_field("routes")
        .or_else(|| layers.top_field("route"));
    if let (Some(field), Some(name), false) = (field, layers.environment_name(), domains.is_empty())
    {
        let domains = domains.join(", ");
        field.warning(format!(
            "\"env.{name}\" inherits the custom domains {domains}, and takes them from the Worker of the top level; give \
             it \"routes\" of its own, or an empty list"
        ));
    }
}

fn route(field: &Field<'_>) -> Option<Route> {
    if field.is_text() {
        return Some(Route {
            pattern: field.words()?,
            zone: None,
            custom_domain: false,
        });
    }
    if !field.is_object() {
        field.wrong("a pattern, or an object with \"pattern\" and \"custom_domain\" or a zone");
        return None;
    }
    let table = field.table()?;
    table.only(&[
        "pattern",
        "zone_id",
        "zone_name",
        "custom_domain",
        "enabled",
        "previews_enabled",
    ]);
    let pattern = table
        .required("pattern", "a host with or without a path")
        .and_then(|pattern| pattern.words());
    let custom_domain = table.field("custom_domain").map(|one| one.boolean());
    let zone_id = table.field("zone_id").map(|one| one.words());
    let zone_name = table.field("zone_name").map(|one| one.words());
    let zone = match (zone_id, zone_name) {
        (Some(_), Some(_)) => {
            field.error(format!(
                "\"{}\" may name its zone by \"zone_id\" or by \"zone_name\", not by both",
                field.path
            ));
            return None;
        }
        (Some(id), None) => Some(Zone::Id(id?)),
        (None, Some(name)) => Some(Zone::Name(name?)),
        (None, None) => None,
    };
    if zone.is_none() && custom_domain.is_none() {
        field.error(format!(
            "\"{}\" needs \"custom_domain\", \"zone_name\" or \"zone_id\", or must be the pattern alone",
            field.path
        ));
        return None;
    }
    Some(Route {
        pattern: pattern?,
        zone,
        custom_domain: custom_domain.unwrap_or(Some(false))?,
    })
}
