//! What Wrangler's configuration needs to bind a secret to a Worker.

use coffer_protocol::secrets_store::Secret;

/// A piece of a file, to be copied.
#[derive(Debug)]
pub(super) struct Snippet {
    pub(super) file: &'static str,
    pub(super) text: String,
}

/// The pieces for each kind of file. Nothing in them needs escaping: names of secrets and ids are plain words.
pub(super) fn snippets(secret: &Secret) -> [Snippet; 2] {
    let (binding, store_id, name) = (
        binding_of(secret.name.as_str()),
        secret.store_id,
        &secret.name,
    );
    [
        Snippet {
            file: "wrangler.jsonc",
            text: format!(
                "\"secrets_store_secrets\": [\n  {{\n    \"binding\": \"{binding}\",\n    \
                 \"store_id\": \"{store_id}\",\n    \"secret_name\": \"{name}\"\n  }}\n]"
            ),
        },
        Snippet {
            file: "wrangler.toml",
            text: format!(
                "[[secrets_store_secrets]]\nbinding = \"{binding}\"\nstore_id = \"{store_id}\"\n\
                 secret_name = \"{name}\""
            ),
        },
    ]
}

/// A name for the binding that code can write after `env.`.
pub(super) fn binding_of(name: &str) -> String {
    let mut binding = name.replace('-', "_");
    if binding.starts_with(|first: char| first.is_ascii_digit()) {
        binding.insert(0, '_');
    }
    binding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_names_that_code_can_write() {
        assert_eq!(binding_of("API_KEY"), "API_KEY");
        assert_eq!(binding_of("my-key-2"), "my_key_2");
        assert_eq!(binding_of("2fa"), "_2fa");
    }
}
