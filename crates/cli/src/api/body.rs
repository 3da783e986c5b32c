//! What is sent.

use bytes::Bytes;
use serde::Serialize;
use zeroize::Zeroizing;

/// The body of a request. It may hold secrets' values: it is wiped when it is dropped, and never shown.
pub(crate) struct Body {
    content_type: Option<String>,
    bytes: Bytes,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl Body {
    /// No body.
    pub(crate) const fn none() -> Self {
        Self {
            content_type: None,
            bytes: Bytes::new(),
        }
    }

    /// JSON. A value that JSON has not, as a map whose keys are no text, would be cut off, and is refused by the server.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        // Measured first: a buffer that grows leaves copies of values behind.
        let mut count = Count(0);
        let _ = serde_json::to_writer(&mut count, value);
        let mut bytes = Zeroizing::new(Vec::with_capacity(count.0));
        let _ = serde_json::to_writer(&mut *bytes, value);
        Self::of("application/json", bytes)
    }

    /// Bytes of a type.
    pub(crate) fn of(content_type: impl Into<String>, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            content_type: Some(content_type.into()),
            bytes: Bytes::from_owner(Owned(bytes)),
        }
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

struct Owned(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A form of several parts (RFC 7578).
#[derive(Default)]
pub(crate) struct Form(Vec<Part>);

/// One part of a form.
pub(crate) struct Part {
    /// The field's name.
    pub(crate) name: String,
    /// The file's name, if it is one.
    pub(crate) file_name: Option<String>,
    /// Its media type, if it has one of its own.
    pub(crate) content_type: Option<String>,
    /// What is in it.
    pub(crate) content: Zeroizing<Vec<u8>>,
}

impl Form {
    pub(crate) fn add(&mut self, part: Part) {
        self.0.push(part);
    }

    /// The form as a body; `boundary` is a random text that no part holds.
    pub(crate) fn body(self, boundary: &str) -> Body {
        let heads: Vec<_> = self.0.iter().map(|part| part.head(boundary)).collect();
        let contents: usize = self.0.iter().map(|part| part.content.len() + 2).sum();
        let length = heads.iter().map(String::len).sum::<usize>() + contents + boundary.len() + 6;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        for (head, part) in heads.iter().zip(&self.0) {
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(&part.content);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Body::of(format!("multipart/form-data; boundary={boundary}"), bytes)
    }
}

impl Part {
    fn head(&self, boundary: &str) -> String {
        let mut head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"",
            quoted(&self.name)
        );
        if let Some(file_name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
        }
        if let Some(content_type) = &self.content_type {
            head.push_str(&format!("\r\ncontent-type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        head
    }
}

/// As browsers write names of fields and files (the HTML standard's "escape a multipart form data name").
fn quoted(name: &str) -> String {
    name.replace('\n', "%0A")
        .replace('\r', "%0D")
        .replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_in_parts() {
        let mut form = Form::default();
        form.add(Part {
            name: "me\"ta".to_owned(),
            file_name: None,
            content_type: None,
            content: Zeroizing::new(b"{}".to_vec()),
        });
        form.add(Part {
            name: "a.js".to_owned(),
            file_name: Some("a.js".to_owned()),
            content_type: Some("application/javascript+module".to_owned()),
            content: Zeroizing::new(b"x".to_vec()),
        });
        let body = form.body("B");
        assert_eq!(body.content_type(), Some("multipart/form-data; boundary=B"));
        assert_eq!(
            std::str::from_utf8(&body.bytes()).unwrap(),
            "--B\r\ncontent-disposition: form-data; name=\"me%22ta\"\r\n\r\n{}\r\n\
             --B\r\ncontent-disposition: form-data; name=\"a.js\"; filename=\"a.js\"\r\n\
             content-type: application/javascript+module\r\n\r\nx\r\n--B--\r\n"
        );
    }
}
